/**
 * Search over 200,000 messages of one shop, Chinese and English, over a year, beside what there would be without an index: the same
 * words compared with each text. Both ask through the wall between tenants, in turn, the same queries: frequent words, rare ones, order
 * numbers, two words, the other script, English, and words that nobody said. The ratio is how many times sooner the 95th of 100 comes.
 */
import { searchMessages } from '../../src/core/conversations/search.ts'
import { fold, phrasesOf } from '../../src/core/conversations/search-form.ts'
import { indexed } from '../../src/core/conversations/search-index.ts'
import type { Viewer } from '../../src/core/conversations/visibility.ts'
import { Database, type TenantTx } from '../../src/core/platform/database.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { median, percentile, quiet, round } from '../measure.ts'
import type { Scenario } from '../scenario.ts'
import { startServer, statement } from '../server.ts'

const messages = 200_000
const conversations = 10_000
const agents = 50
const perCommit = 2000

const people = '我 您 客户 我们 你们 仓库 快递员 商家 同事 师傅'.split(' ')
const deeds =
  '想问一下 收到了 没有收到 申请退货 申请换货 查询物流 开发票 修改地址 取消订单 联系客服 补发 催促发货'.split(' ')
const things = '手机壳 充电器 羽绒服 绿茶 保温杯 耳机 键盘 运动鞋 优惠券 赠品 电子发票 会员积分 儿童座椅 显示器'.split(
  ' ',
)
const ends = '谢谢 您好 请尽快处理 麻烦了 好的 什么时候能到 可以吗 在线等 有点着急 辛苦了'.split(' ')
const subjects = 'I We The customer|My friend|The courier|Your shop|The warehouse'.split(/[ |](?=[A-Z])/)
const verbs =
  'received|never got|would like to return|wants to exchange|is tracking|cancelled|paid for|asked about'.split('|')
const objects = 'the order|a refund|the invoice|the charger|the headphones|the parcel|my account|a discount code'.split(
  '|',
)

/** Drawn so that the first words are frequent and the last ones rare; the same at each run. */
function drawing(seed: number): (words: readonly string[]) => string {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return (words) => words[Math.floor(random() ** 2 * words.length)] ?? ''
}

function textOf(index: number, draw: (words: readonly string[]) => string): string {
  const number = `SF${String(1_000_000 + ((index * 7919) % 900_000))}`
  if (index % 3 === 2) return `${draw(subjects)} ${draw(verbs)} ${draw(objects)}, number ${number}.`
  return `${draw(ends)}，${draw(people)}${draw(deeds)}${draw(things)}，${draw(ends)}${index % 5 === 0 ? `，单号${number}` : ''}`
}

const queries = [
  ...['您好', '谢谢', '退货', '物流', '发票', '绿茶', '显示器', '儿童座椅', '茶', '座', '在线等', '修改地址'],
  ...['退貨', '電子發票', '兒童座椅', '聯繫客服', '顯示器'],
  ...['退货 手机壳', '师傅 显示器', '催促发货 着急', '儿童座椅 SF1'],
  ...['refund', 'headphones', 'DISCOUNT', 'courier', 'return invoice', 'exch', 'or'],
  ...['SF1007919', 'SF1500000', 'sf1234', '7919'],
  ...['区块链', '量子计算机', 'zeppelin', '退货退款退钱'],
]

export const scenario: Scenario = {
  name: 'search',
  async run({ rounds, say }) {
    const server = await startServer()
    const url = await server.createDatabase('search')
    const db = new Database({ url, poolSize: 4, statementTimeoutMs: 60_000, log: silentLog })
    try {
      const shop = await fill(db, say)
      await statement(url, 'vacuum analyze')
      await server.settle()
      const all: Viewer = { memberId: null, all: true, groupIds: [] }
      const agent: Viewer = { memberId: shop.agentId, all: false, groupIds: [] }
      const ask = (work: (tx: TenantTx) => Promise<unknown>) => timed(() => db.transaction(shop.actor, work))
      const page = { limit: 25, after: null }
      const turns: Record<'found' | 'own' | 'compared', number[]>[] = []
      let slowest = ''
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        const took: (typeof turns)[number] = { found: [], own: [], compared: [] }
        let worst = 0
        for (const words of queries) {
          took.found.push(await ask((tx) => searchMessages(tx, all, { words }, page)))
          took.own.push(await ask((tx) => searchMessages(tx, agent, { words }, page)))
          took.compared.push(await ask((tx) => compare(tx, words)))
          if ((took.found.at(-1) ?? 0) > worst) {
            worst = took.found.at(-1) ?? 0
            slowest = words
          }
        }
        turns.push(took)
        const told = (times: number[]) =>
          `p50 ${round(median(times), 1)} ms, p95 ${round(percentile(times, 0.95), 1)} ms`
        say(
          `round ${turn} (pressure before ${pressure}): ${told(took.found)}; an agent's own ${told(took.own)}; ` +
            `compared ${told(took.compared)}; slowest "${slowest}" ${round(worst, 1)} ms`,
        )
      }
      const of = (kind: keyof (typeof turns)[number], share: number) =>
        round(median(turns.map((turn) => percentile(turn[kind], share))), 1)
      return {
        figures: {
          messages,
          p50Ms: of('found', 0.5),
          p95Ms: of('found', 0.95),
          ownP50Ms: of('own', 0.5),
          ownP95Ms: of('own', 0.95),
          indexBytesPerMessage: await bytesPerMessage(db),
          slowest,
        },
        baseline: { p50Ms: of('compared', 0.5), p95Ms: of('compared', 0.95) },
        ratio: round(median(turns.map((turn) => percentile(turn.compared, 0.95) / percentile(turn.found, 0.95))), 1),
      }
    } finally {
      await db.close()
      await server.stop()
    }
  },
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** What one would write without an index: each word compared with each text of the tenant. */
function compare(tx: TenantTx, words: string): Promise<unknown> {
  const phrases = phrasesOf(words)
  return tx.query(
    `select t.message_id from message_texts t join conversations c on c.tenant_id = t.tenant_id and c.id = t.conversation_id
      where t.tenant_id = $1 ${phrases.map((_, i) => `and t.form ilike '%' || $${i + 2} || '%'`).join(' ')}
      order by t.at desc, t.message_id desc limit 26`,
    tx.tenantId,
    ...phrases,
  )
}

async function bytesPerMessage(db: Database): Promise<number> {
  const [row] = await db.ground<{ bytes: number }>(`select pg_total_relation_size('message_texts') as bytes`)
  return round((row?.bytes ?? 0) / messages)
}

async function fill(db: Database, say: (line: string) => void) {
  const tenantId = newId('ten')
  const [channelId, groupId] = [newId('chn'), newId('grp')]
  const memberIds = Array.from({ length: agents }, () => newId('usr'))
  const ids = Array.from({ length: conversations }, () => ({ contact: newId('ctc'), conversation: newId('cnv') }))
  const actor = { id: 'bench', tenantId }
  await db.work('bench', [tenantId], async (tx) => {
    await tx.run(
      `insert into tenants (id, slug, name, time_zone, locale) values ($1, $1, 'Shop', 'Asia/Shanghai', 'zh-CN')`,
      tenantId,
    )
    await tx.run(`insert into skill_groups (tenant_id, id, name) values ($1, $2, 'x')`, tenantId, groupId)
    await tx.run(`insert into channels (tenant_id, id, kind, name) values ($1, $2, 'custom', 'x')`, tenantId, channelId)
    await tx.run(
      `insert into members (tenant_id, id, name, email, role) select $1, i, i, i || '@example.com', 'agent' from unnest($2::text[]) i`,
      tenantId,
      memberIds,
    )
    await tx.run(
      `insert into contacts (tenant_id, id, name) select $1, i, 'x' from unnest($2::text[]) i`,
      tenantId,
      ids.map(({ contact }) => contact),
    )
    await tx.run(
      `insert into conversations (tenant_id, id, contact_id, slot, status, held_by, group_id, assignee_id, channel_id, peer)
       select $1, c, p, p, 'closed', 'nobody', $2, a, $3, p from unnest($4::text[], $5::text[], $6::text[]) u (c, p, a)`,
      tenantId,
      groupId,
      channelId,
      ids.map(({ conversation }) => conversation),
      ids.map(({ contact }) => contact),
      ids.map((_, i) => memberIds[i % agents] ?? ''),
    )
  })
  const draw = drawing(7)
  const begun = Date.now() - 365 * 86_400_000
  for (let from = 0; from < messages; from += perCommit) {
    const rows = Array.from({ length: perCommit }, (_, i) => {
      const index = from + i
      const at = begun + Math.floor((index / messages) * 365 * 86_400_000)
      const parts = [{ type: 'text' as const, text: textOf(index, draw) }]
      const createdAt = new Date(at).toISOString()
      const place = ids[Math.floor(index / (messages / conversations))] ?? { contact: '', conversation: '' }
      const text = indexed(tenantId, { parts, createdAt })
      return {
        id: newId('msg', at),
        number: (index % (messages / conversations)) + 1,
        parts,
        createdAt,
        ...place,
        ...text,
      }
    })
    await db.work('bench', [tenantId], async (tx) => {
      await tx.run(
        `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, parts, status, sent_at, created_at)
         select $1, i, c, o, n, 'in', 'contact', p::jsonb, 'received', a, a
           from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[]) u (i, c, o, n, p, a)`,
        tenantId,
        rows.map((row) => row.id),
        rows.map((row) => row.conversation),
        rows.map((row) => row.contact),
        rows.map((row) => row.number),
        rows.map((row) => JSON.stringify(row.parts)),
        rows.map((row) => row.createdAt),
      )
      await tx.run(
        `insert into message_texts (tenant_id, message_id, conversation_id, at, form, tokens)
         select $1, i, c, a, f, k::int[] from unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[]) u (i, c, a, f, k)`,
        tenantId,
        rows.map((row) => row.id),
        rows.map((row) => row.conversation),
        rows.map((row) => row.createdAt),
        rows.map((row) => row.form ?? fold('').form),
        rows.map((row) => `{${(row.tokens ?? []).join(',')}}`),
      )
    })
    if (from % 50_000 === 0) say(`${from} messages are there`)
  }
  return { actor, agentId: memberIds[0] ?? '' }
}
