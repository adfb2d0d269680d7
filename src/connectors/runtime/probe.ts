/** "Test connection": a kind's own checks of an account, run on demand on any node. */
import { findServedChannel } from '../../core/conversations/served-channels.ts'
import type { Check, Hub } from '../contract.ts'
import type { Registry } from '../registry.ts'
import { type HubParts, openHub } from './hub.ts'
import { type Served, serve } from './served.ts'
import { TimedOut, within } from './timing.ts'

const probeMs = 20_000

const switchedOff = { detail: 'The channel is switched off.', mend: 'Switch it on, then test again.' }
const notServed = {
  detail: 'Its kind or its secrets are not known here.',
  mend: 'Look whether this hub knows the kind (connectors.extra), and give the secrets anew.',
}
const silent = {
  detail: 'The platform did not answer in time.',
  mend: 'Look whether the hub reaches it: network, name server, firewall, egress.allow. Where only some addresses get through, set a proxy.',
}
const unforeseen = {
  detail: 'The test failed unforeseen.',
  mend: 'Look at the line “a probe failed” in the hub’s log, and test again.',
}

/** As the API wants it: by the channel's id. One that is switched off is not tested. */
export function prober(parts: HubParts & { readonly registry: Registry }): (channelId: string) => Promise<Check[]> {
  return async (channelId) => {
    const row = await findServedChannel(parts.db, channelId)
    const served = row === undefined ? undefined : serve(row, parts.registry, parts.vault, parts.log)
    if (served !== undefined) return probeChannel(parts, served)
    return [{ name: 'Channel', ok: false, ...(row === undefined ? switchedOff : notServed) }]
  }
}

/**
 * The checks of the account, twenty seconds of them unless said otherwise; one that fails unforeseen is a check too. A kind without checks
 * has none. Free of side effects: reports and losses during a probe count for nothing.
 */
export async function probeChannel(parts: HubParts, served: Served, forMs = probeMs): Promise<Check[]> {
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
    await within(forMs, 'The test', run())
  } catch (error) {
    parts.log.warn({ err: redactor.value(error), channelId: served.channelId }, 'a probe failed')
    checks.push({ name: kind.title, ok: false, ...(error instanceof TimedOut ? silent : unforeseen) })
  } finally {
    open.release()
  }
  return checks
}
