/** The connector suite over every kind of the registry, and over one that lives outside the house. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFakePage } from '../../scripts/fake.ts'
import { openRegistry, visitorKind } from '../../src/connectors/registry.ts'
import type { ConnectorUnderTest } from '../fakes/far-end.ts'
import { describeWith } from '../support/services.ts'
import { connectorConformance } from './connector.ts'

const fakes = join(import.meta.dirname, '../fakes')
const registry = await openRegistry(['./line-connector.ts', './example-connector/kind.ts'], fakes)
/** Set by `npm run conformance -- KIND`. */
const only = process.env.TRIBUTARY_CONFORMANCE_KIND
/** What the suite asks is all of messages; calls have flows of their own. */
const kinds = registry.kinds
  .filter(({ kind, capabilities }) => capabilities.calls !== true && (only === undefined || kind === only))
  .map(({ kind }) => kind)

describe('the registry', () => {
  it('has a far end for each of its kinds', () => {
    expect(kinds.filter((kind) => !existsSync(join(fakes, `${kind}.ts`)))).toEqual([])
    expect(kinds).not.toEqual([])
  })
})

for (const kind of kinds) {
  const { farEnd } = (await import(join(fakes, `${kind}.ts`))) as { farEnd: ConnectorUnderTest }
  const missing = farEnd.needs
  describeWith(missing ?? '', missing === undefined ? kind : undefined, kind, () => {
    connectorConformance(farEnd)

    // Web chat is tried on the hub's own page.
    if (kind === visitorKind) return
    it('can be tried without an account, on a page whose settings make a channel', async () => {
      const page = await openFakePage(farEnd)
      try {
        expect((await fetch(page.url)).headers.get('content-type')).toContain('text/html')
        const state = (await (await fetch(new URL('state', page.url))).json()) as { kind: string; settings: object }
        expect(state.kind).toBe(kind)
        expect(registry.formOf(kind).checked({ ...state.settings })).toMatchObject(state.settings)
      } finally {
        await page.close()
      }
    })
  })
}
