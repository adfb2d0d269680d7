/**
 * `npm run new:connector -- KIND`: lays a new connector down, from the example that the suite keeps honest (test/fakes/example*): its folder, its
 * far end, its page. Changes nothing that is there, but for the one line in registry.ts. docs/write-a-connector.md says how to go on.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** What is written for a kind: paths below the checkout, with their texts. Throws when the name is none, or taken. */
export function plan(kind: string, title = titleOf(kind)): { path: string; text: string }[] {
  if (!/^[a-z][a-z0-9-]{1,38}$/.test(kind)) throw new Error('A kind is lower case letters, digits and hyphens.')
  if (existsSync(join(root, 'src/connectors', kind))) throw new Error(`src/connectors/${kind} is there already.`)
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const exported = kind.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const type = exported.charAt(0).toUpperCase() + exported.slice(1)
  const renamed = (text: string) =>
    text
      .replaceAll('Example', type)
      .replaceAll(`title: '${type}'`, `title: '${title}'`)
      .replace(/\bconnector\b(?=: ConnectorKind| as unknown| \})/g, exported)
      .replaceAll("'example'", `'${kind}'`)
      .replaceAll('example-', `${kind}-`)
  const folder = 'test/fakes/example-connector'
  const sources = readdirSync(join(root, folder)).map((name) => ({
    path: `src/connectors/${kind}/${name === 'kind.ts' ? 'index.ts' : name}`,
    text: renamed(read(`${folder}/${name}`))
      .replaceAll('../../../src/connectors/', '../')
      .replaceAll('../../../src/core/', '../../core/'),
  }))
  const fake = renamed(
    read('test/fakes/example.ts').replaceAll('./example-connector/kind.ts', `../../src/connectors/${kind}/index.ts`),
  )
  return [
    ...sources,
    { path: `test/fakes/${kind}.ts`, text: fake.replace(`of ${kind}-connector/`, `of src/connectors/${kind}/`) },
    { path: `docs/channels/${kind}.md`, text: pageOf(kind, title) },
    { path: `docs/channels/${kind}.zh.md`, text: chinesePageOf(kind, title) },
    { path: 'src/connectors/registry.ts', text: listed(read('src/connectors/registry.ts'), kind, exported) },
  ]
}

/** The registry with one kind more. */
function listed(registry: string, kind: string, exported: string): string {
  const line = `import { ${exported} } from './${kind}/index.ts'\n`
  const imports = [...registry.matchAll(/^import .*$/gm)]
  const last = imports.at(-1)
  if (last === undefined) throw new Error('registry.ts has no imports.')
  const end = last.index + last[0].length + 1
  const withImport = registry.slice(0, end) + line + registry.slice(end)
  return withImport.replace(/(const ownKinds[^=]*= \[[\s\S]*?),?\s*\]( as)/, `$1, ${exported}]$2`)
}

function titleOf(kind: string): string {
  return kind.replace(/(^|-)(\w)/g, (_, dash: string, letter: string) => (dash ? ' ' : '') + letter.toUpperCase())
}

function pageOf(kind: string, title: string): string {
  return `# ${title}

[中文](${kind}.zh.md)

A channel of kind \`${kind}\` is TODO: what one account is.

## Set it up

1. TODO: where the credentials come from, step by step.
2. In the console, add a channel of kind ${title}; *Test connection* says what is wrong.

| setting | |
|---|---|
| \`apiRoot\`, \`accessToken\`, \`signingSecret\` | required; TODO |
| \`proxy\` | \`http://name:password@host:port\` or \`socks5://…\`, for all calls to the platform |

Without an account: \`npm run fake -- ${kind}\` plays the platform.

## When the test of the connection fails

| check | what to do |
|---|---|
| Access token: the platform answered 401 | TODO: where the token is copied from |
| Access token: no answer | check \`apiRoot\`, DNS, firewall, \`proxy\` and \`egress.allow\` |

## What comes and goes

| | in | out |
|---|---|---|
| text | yes | to 2,000 characters; longer ones in pieces |
| everything else | TODO | in words, files with an address to fetch them from |

## What the platform does not do

TODO: may one write first, is there a window, are there receipts, what becomes of a send whose outcome is unknown.
`
}

function chinesePageOf(kind: string, title: string): string {
  return `# ${title} 渠道

[English](${kind}.md)

一个 \`${kind}\` 渠道是 TODO：平台上的一个账号指什么。

## 设置

1. TODO：凭据从哪里取得，一步一步写。
2. 在控制台新增 ${title} 渠道；“测试连接”会说明哪里不对、如何解决。

| 设置 | |
|---|---|
| \`apiRoot\`、\`accessToken\`、\`signingSecret\` | 必填；TODO |
| \`proxy\` | 访问平台所用的代理，如 \`http://用户名:密码@主机:端口\` 或 \`socks5://…\` |

没有账号也可以试：\`npm run fake -- ${kind}\` 会扮演该平台。

## 测试连接失败时

| 检查项 | 处理 |
|---|---|
| Access token：平台返回 401 | TODO：从哪里重新复制令牌 |
| Access token：没有应答 | 检查 \`apiRoot\`、DNS、防火墙、\`proxy\` 和 \`egress.allow\` |

## 收发内容

| | 收 | 发 |
|---|---|---|
| 文本 | 可以 | 不超过 2,000 字；更长的分条 |
| 其他 | TODO | 以文字表达，文件附下载地址 |

## 做不到的

TODO：能否主动发起，有没有时间窗口，有没有回执，结果不明的发送如何处理。
`
}

if (import.meta.main) {
  const [kind, title] = process.argv.slice(2)
  if (kind === undefined) {
    console.error('npm run new:connector -- KIND [TITLE]')
    process.exit(2)
  }
  try {
    for (const { path, text } of plan(kind, title)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
      console.log(`wrote ${path}`)
    }
    console.log(`\nNow: npm run format && npm run conformance -- ${kind}, then the TODOs (docs/write-a-connector.md).`)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
}
