/** How I am: with a reason of the usual ones, or of my own words, which the browser keeps for the next time. */
import { signal } from '@preact/signals'
import type { Presence } from '../api-agent.ts'
import { fill } from '../i18n/locale.ts'
import { setPresence } from './actions.ts'
import { ownReasons } from './away-reasons.ts'
import { lazy } from './lazy.tsx'
import { hub } from './store.ts'
import { t } from './texts.ts'

const ReasonDialog = lazy(async () => (await import('./reason-dialog.tsx')).ReasonDialog)

const states: Presence['state'][] = ['online', 'busy', 'away', 'offline']
const other = 'other'

const isAsking = signal(false)

/** Which media somebody takes nothing of, though online. */
export function closedText(presence: Presence | undefined): string {
  const closed = presence?.closed ?? []
  if (closed.length === 0) return ''
  const names = closed.map((medium) => t().media[medium])
  return fill(t().closedMedia, { media: names.join('、') })
}

export function PresenceSwitch() {
  const mine = hub.value.presence[hub.value.me]
  const state = mine?.state ?? 'offline'
  const usual = t().awayReasons.split('|')
  const reasons = [
    ...new Set([...usual, ...ownReasons.value, ...(state === 'away' && mine?.reason ? [mine.reason] : [])]),
  ]
  const entries: [value: string, text: string][] = [
    ...(states.includes(state) ? [] : [[state, t()[state]] as [string, string]]),
    ['online', t().online],
    ['busy', t().busy],
    ['away', t().away],
    ...reasons.map((reason): [string, string] => [`away ${reason}`, reason]),
    [other, t().otherReason],
    ['offline', t().offline],
  ]
  const choose = (value: string) => {
    if (value === other) {
      isAsking.value = true
      return
    }
    const [chosen, ...reason] = value.split(' ')
    void setPresence({
      state: chosen as Presence['state'],
      ...(reason.length > 0 && { reason: reason.join(' ') }),
    })
  }
  const value = state === 'away' && mine?.reason ? `away ${mine.reason}` : state
  return (
    <>
      <label class={`presence is-${state}`}>
        <span class="dot" aria-hidden="true" />
        <select
          aria-label={t().presence}
          value={value}
          onChange={({ currentTarget }) => {
            choose(currentTarget.value)
            // Until the hub says so, what was stands there.
            currentTarget.value = value
          }}
        >
          {entries.map(([choice, text]) => (
            <option key={choice} value={choice} selected={choice === value} disabled={choice === 'not-responding'}>
              {text}
            </option>
          ))}
        </select>
        {closedText(mine) && <span class="load">{closedText(mine)}</span>}
        {mine && mine.capacity > 0 && (
          <span class="load">{fill(t().load, { used: mine.used, capacity: mine.capacity })}</span>
        )}
      </label>
      {isAsking.value && <ReasonDialog onClose={() => (isAsking.value = false)} />}
    </>
  )
}
