import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { type ConnectorKind, secret } from '../../../src/connectors/contract.ts'
import { declarationFaults } from '../../../src/connectors/declaration.ts'
import { secretNames } from '../../../src/connectors/marked-settings.ts'
import { openRegistry, registryOf } from '../../../src/connectors/registry.ts'

const closed = { additionalProperties: false }
const kind = (facts: object = {}): ConnectorKind =>
  ({
    kind: 'test',
    title: 'Test',
    config: Type.Object({ host: Type.String(), port: Type.Integer({ default: 25 }), password: secret() }, closed),
    capabilities: {
      parts: { text: {} },
      carries: 'part',
      text: {},
      initiate: 'always',
      idempotency: 'none',
      receipts: { delivered: false, read: false },
      typing: { in: false, out: false },
    },
    exclusive: false,
    open: () => Promise.reject(new Error('not here')),
    ...facts,
  }) as unknown as ConnectorKind

describe('the registry', () => {
  it('knows the kinds of the house and those that live elsewhere', async () => {
    const registry = await openRegistry(['./line-connector.ts'], join(import.meta.dirname, '../../fakes'))
    const names = registry.kinds.map(({ kind }) => kind)
    expect(names).toEqual(expect.arrayContaining(['webchat', 'custom', 'sip']))
    expect(names.at(-1)).toBe('line')
    expect(registry.find('custom')?.title).toBe('Custom program')
    expect(registry.find('fax')).toBeUndefined()
    expect(() => registry.get('fax')).toThrow(expect.objectContaining({ code: 'channel-kind-unknown' }))
  })

  it('has a page for each of its kinds, in English and in Chinese, which lead to each other', async () => {
    const pages = join(import.meta.dirname, '../../../docs/channels')
    const { kinds } = await openRegistry([], '.')
    for (const { kind } of kinds) {
      const [english, chinese] = [`${kind}.md`, `${kind}.zh.md`].map((name) => readFileSync(join(pages, name), 'utf8'))
      expect(english).toContain(`\n[中文](${kind}.zh.md)\n`)
      expect(chinese).toContain(`\n[English](${kind}.md)\n`)
      // One language each: what Chinese stands in an English page are names of the platform's own.
      expect(english, kind).not.toMatch(/[。，；]/)
    }
  })

  it.each([['./nothing.ts'], ['./custom.ts'], ['@nobody/nothing']])(
    'says which connector cannot be used: %s',
    async (specifier) => {
      const opened = openRegistry([specifier], join(import.meta.dirname, '../../fakes'))
      await expect(opened).rejects.toMatchObject({
        code: 'connector-unusable',
        message: expect.stringContaining(specifier),
      })
    },
  )

  it('does not take two connectors of one name', () => {
    expect(() => registryOf([kind(), kind()])).toThrow(expect.objectContaining({ code: 'connector-unusable' }))
  })

  it('checks settings, fills in defaults, names what is wrong and never repeats it', () => {
    const form = registryOf([kind()]).formOf('test')
    expect(form.secretNames).toEqual(['password'])
    expect(form.checked({ host: 'a', password: 'b' })).toEqual({ host: 'a', port: 25, password: 'b' })
    const refused = () => form.checked({ host: 7, password: 'b', pasword: 'hush' })
    expect(refused).toThrow(expect.objectContaining({ code: 'channel-settings-invalid' }))
    try {
      refused()
    } catch (error) {
      const { errors } = error as { errors: { pointer: string }[] }
      expect(errors.map(({ pointer }) => pointer).sort()).toEqual(['/settings/host', '/settings/pasword'])
      expect(JSON.stringify(error)).not.toContain('hush')
    }
  })
})

describe('a declaration', () => {
  const capabilities = (facts: object) => kind({ capabilities: { ...kind().capabilities, ...facts } })

  it('that holds together has no faults', () => expect(declarationFaults(kind())).toEqual([]))

  it.each([
    ['a name with capitals', kind({ kind: 'Test' })],
    ['no title', kind({ title: '' })],
    ['no open', kind({ open: undefined })],
    ['a hook that is none', kind({ hook: true })],
    ['no exclusive', kind({ exclusive: undefined })],
    ['settings that are no object', kind({ config: Type.String() })],
    ['settings that allow anything', kind({ config: Type.Object({}) })],
    ['a secret below the first level', kind({ config: Type.Object({ a: Type.Object({ b: secret() }) }, closed) })],
    [
      'a secret within an array of objects',
      kind({ config: Type.Object({ a: Type.Array(Type.Object({ b: secret() })) }, closed) }),
    ],
    ['no capabilities', kind({ capabilities: undefined })],
    ['an unknown part', capabilities({ parts: { text: {}, hologram: {} } })],
    ['no text', capabilities({ parts: { image: {} } })],
    ['carrying nothing', capabilities({ carries: undefined })],
    ['an idempotency nobody knows', capabilities({ idempotency: 'perhaps' })],
    ['a text limit of nothing', capabilities({ text: { maxBytes: 0 } })],
    ['a pace of nothing', capabilities({ pace: [{ scope: 'account', max: 0, perMs: 1 }] })],
    ['a time-out of an hour', capabilities({ sendTimeoutMs: 3_600_000 })],
    ['nothing at all', undefined],
  ])('with %s has one', (_, declared) => expect(declarationFaults(declared)).toHaveLength(1))

  it('may hold several secrets under one name', () => {
    expect(secretNames(Type.Object({ keys: Type.Optional(Type.Array(secret())), a: Type.String() }))).toEqual(['keys'])
  })
})
