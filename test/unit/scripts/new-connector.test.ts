/** What a new connector is laid down as. That the example itself works, the connector suite says. */
import { describe, expect, it } from 'vitest'
import { plan } from '../../../scripts/new-connector.ts'

describe('a new connector', () => {
  it('is a folder, a far end, a page and a line of the registry, and nothing of the example', () => {
    const files = new Map(plan('my-chat', 'My chat').map(({ path, text }) => [path, text]))
    expect([...files.keys()].toSorted()).toEqual([
      'docs/channels/my-chat.md',
      'docs/channels/my-chat.zh.md',
      'src/connectors/my-chat/connector.ts',
      'src/connectors/my-chat/hook.ts',
      'src/connectors/my-chat/index.ts',
      'src/connectors/my-chat/translate.ts',
      'src/connectors/registry.ts',
      'test/fakes/my-chat.ts',
    ])
    const sources = [...files].filter(([path]) => path.includes('my-chat') && path.endsWith('.ts'))
    for (const [path, text] of sources) expect(text, path).not.toMatch(/example/i)
    expect(files.get('src/connectors/my-chat/index.ts')).toContain(`from '../contract.ts'`)
    expect(files.get('src/connectors/my-chat/index.ts')).toContain(`kind: 'my-chat',\n  title: 'My chat',`)
    expect(files.get('test/fakes/my-chat.ts')).toContain(`from '../../src/connectors/my-chat/index.ts'`)
  })

  it('stands last in the registry', () => {
    const registry = plan('my-chat').find(({ path }) => path.endsWith('registry.ts'))?.text ?? ''
    expect(registry).toContain(`import { myChat } from './my-chat/index.ts'`)
    expect(registry).toMatch(/ownKinds[^=]*= \[[^\]]*, myChat\]/)
  })

  it.each(['', 'My-Chat', '1chat', '../evil', 'telegram'])('is not made under the name %j', (kind) => {
    expect(() => plan(kind)).toThrow()
  })
})
