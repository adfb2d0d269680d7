/** "Test connection": a kind's own checks of an account, run on demand on any node. */
import { findServedChannel } from '../../core/conversations/served-channels.ts'
import type { Check, Hub } from '../contract.ts'
import type { Registry } from '../registry.ts'
import { type HubParts, openHub } from './hub.ts'
import { type Served, serve } from './served.ts'
import { TimedOut, within } from './timing.ts'

const probeMs = 20_000

/** As the API wants it: by the channel's id. One that is switched off is not tested. */
export function prober(parts: HubParts & { readonly registry: Registry }): (channelId: string) => Promise<Check[]> {
  return async (channelId) => {
    const row = await findServedChannel(parts.db, channelId)
    const served = row === undefined ? undefined : serve(row, parts.registry, parts.vault, parts.log)
    if (served !== undefined) return probeChannel(parts, served)
    const detail = row === undefined ? 'The channel is switched off.' : 'Its kind or its secrets are not known here.'
    return [{ name: 'Channel', ok: false, detail }]
  }
}

/**
 * The checks of the account, at most twenty seconds of them; one that fails unforeseen is a check too. A kind without checks
 * has none. Free of side effects: reports and losses during a probe count for nothing.
 */
export async function probeChannel(parts: HubParts, served: Served): Promise<Check[]> {
  const { kind, settings, redactor } = served
  if (kind.probe === undefined) return []
  const open = openHub(parts, served, () => {})
  // No copy: what a kind does not ask for, such as a desk for calls, is not opened.
  const hub: Hub = Object.create(open.hub, { report: { value: () => {} } })
  const checks: Check[] = []
  const run = async () => {
    for await (const check of kind.probe?.(settings as never, hub) ?? []) checks.push(clean(check))
  }
  const clean = ({ name, ok, detail, mend }: Check): Check => ({
    name,
    ok,
    detail: redactor.text(detail),
    ...(mend !== undefined && { mend: redactor.text(mend) }),
  })
  try {
    await within(probeMs, 'The test', run())
  } catch (error) {
    const detail = error instanceof TimedOut ? error.message : 'The test failed unforeseen.'
    parts.log.warn({ err: redactor.value(error), channelId: served.channelId }, 'a probe failed')
    checks.push({ name: kind.title, ok: false, detail })
  } finally {
    open.release()
  }
  return checks
}
