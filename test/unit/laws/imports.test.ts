import { describe, expect, test } from 'vitest'
import { layerOf, objection } from './import-law.ts'
import { importsOf, listCode, readSource } from './source-files.ts'

const ourFolders = ['src', 'web', 'test', 'bench', 'scripts']

/** Objections to a file with that text, as they would be reported. */
const objections = (file: string, text: string) =>
  importsOf(file, text).flatMap((imported) => {
    const wrong = objection(file, imported)
    return wrong === undefined ? [] : [`${file} imports ${imported.specifier}: ${wrong}`]
  })

test('no file imports what stands to its right, or a package that is not its own', () => {
  expect(listCode('src').flatMap((file) => objections(file, readSource(file)))).toEqual([])
})

test('every file of the program stands in a layer of the map', () => {
  expect(listCode('src').filter((file) => layerOf(file) === undefined)).toEqual([])
})

test('only the configuration reads the environment', () => {
  const readers = listCode('src').filter((file) => /process\s*(\.|\[['"])\s*env\b/.test(readSource(file)))
  expect(readers.filter((file) => file !== 'src/core/platform/config.ts')).toEqual([])
})

test('a platform is named in its own folder and in the registry, nowhere else', () => {
  const own = /^src\/connectors\/(registry\.ts$|(?!runtime\/)[^/]+\/)/
  const kinds = listCode('src/connectors').flatMap(
    (file) => /^src\/connectors\/(?!runtime\/)([^/]+)\//.exec(file)?.[1] ?? [],
  )
  // Kinds are looked for as literals ("custom" is a word too), platforms as words, in comments as well. An e-mail address is what a contact has.
  const sought = [...new Set(kinds)].filter((kind) => kind !== 'email')
  const literal = new RegExp(`(['"\`])(${sought.join('|')})\\1`, 'g')
  const platforms = /\b(wechat|weixin|wecom|onebot|telegram|whatsapp|alipay|wechaty|ilink)\b/gi
  const named = listCode('src')
    .filter((file) => !own.test(file))
    .flatMap((file) => {
      const text = readSource(file)
      const found = [...text.matchAll(platforms), ...(kinds.length > 0 ? text.matchAll(literal) : [])]
      return found.map(([name]) => `${file}: ${name}`)
    })
  expect(named).toEqual([])
})

test('the web takes types of the public shapes from the program and nothing else', () => {
  const taken = listCode('web').flatMap((file) =>
    importsOf(file, readSource(file))
      .filter((imported) => imported.path?.startsWith('src/'))
      .filter(
        (imported) => !imported.typeOnly || !/^src\/core\/events\/([a-z]+-)*shapes\.ts$/.test(imported.path ?? ''),
      )
      .map((imported) => `${file} imports ${imported.specifier}`),
  )
  expect(taken).toEqual([])
})

test('our imports end in .ts, and no test stands in for a module of ours', () => {
  const wrong = listCode(...ourFolders).flatMap((file) => {
    const text = readSource(file)
    const bare = importsOf(file, text).filter(
      ({ path, specifier }) => path !== undefined && !/\.(tsx?|json|css|svg|html)(\?\w+)?$/.test(specifier),
    )
    const mocked = /\bvi\.(mock|doMock)\(\s*['"]\./.test(text) ? [`${file} mocks a module of ours`] : []
    return [...bare.map(({ specifier }) => `${file} imports ${specifier}`), ...mocked]
  })
  expect(wrong).toEqual([])
})

describe('the import law itself', () => {
  test.each([
    ['src/core/events/outbox.ts', "import { enqueue } from '../../routing/shard.ts'"],
    ['src/core/platform/log.ts', "export { topics } from '../events/catalogue.ts'"],
    ['src/core/contacts/merge.ts', "import pg from 'pg'"],
    ['src/routing/shard.ts', "import { Kafka } from 'kafkajs'"],
    ['src/core/tenancy/login.ts', "import type { FastifyRequest } from 'fastify'"],
    ['src/connectors/runtime/hub.ts', "import cookie from '@fastify/cookie'"],
    ['src/connectors/custom/index.ts', "import type { Tx } from '../../core/platform/database.ts'"],
    ['src/connectors/custom/index.ts', "import { preview } from '../../core/conversations/model.ts'"],
    ['src/connectors/custom/index.ts', "import { hash } from '../webchat/translate.ts'"],
    ['src/api/server.ts', "import { start } from '../app.ts'"],
    ['src/api/server.ts', "import { eventually } from '../../test/support/eventually.ts'"],
    ['src/api/server.ts', "import {\n  start,\n} from '../app.ts'"],
    ['src/routing/engine.ts', "const later = await import('../api/server.ts')"],
    ['src/routing/shard.ts', "const kafka = require('kafkajs')"],
    [
      'src/routing/shard.ts',
      "const load = createRequire(import.meta.url)\nconst Cluster = load('kafkajs/src/cluster')",
    ],
    ['src/routing/shard.ts', 'const $r = module.createRequire(import.meta.url)\nconst open = $r(`pg`)()'],
    ['src/routing/shard.ts', "import { createRequire as make } from 'node:module'\nmake(import.meta.url)('kafkajs')"],
    ['src/core/events/relay.ts', "const at = createRequire(import.meta.url).resolve('pg')"],
    ['src/drawer/things.ts', "import { emit } from '../core/events/outbox.ts'"],
  ])('objects when %s says %s', (file, text) => {
    expect(objections(file, text)).toHaveLength(1)
  })

  test.each([
    ['src/core/events/kafka-bus.ts', "import { Kafka } from 'kafkajs'"],
    ['src/core/events/kafka-source.ts', "const load = createRequire(import.meta.url)\nload('kafkajs/src/cluster')"],
    ['src/connectors/runtime/hooks.ts', "import type { FastifyInstance } from 'fastify'"],
    ['src/connectors/custom/index.ts', "import { Undelivered } from '../contract.ts'"],
    ['src/connectors/custom/index.ts', "import type { Part } from '../../core/conversations/model.ts'"],
    ['src/connectors/custom/index.ts', "import { type Part, type Inbound } from '../../core/conversations/model.ts'"],
    ['src/routing/shard.ts', "import { emit } from '../core/events/outbox.ts'"],
  ])('lets %s say %s', (file, text) => {
    expect(objections(file, text)).toEqual([])
  })
})
