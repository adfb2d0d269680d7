/** How somebody else is, set by a supervisor: their state, and media of which they take nothing meanwhile. */
import { useSignal } from '@preact/signals'
import type { Medium, Presence } from '../../api-agent.ts'
import { reasonTexts } from '../../i18n/console-reasons.ts'
import { fill } from '../../i18n/locale.ts'
import { setPresence } from '../actions.ts'
import { Dialog } from '../overlays.tsx'
import { hub, locale } from '../store.ts'
import { t } from '../texts.ts'
import { words } from './words.ts'

const states = ['online', 'busy', 'away', 'offline'] as const satisfies readonly Presence['state'][]
const media: readonly Medium[] = ['chat', 'call', 'ticket']

export function PresenceDialog({ memberId, name, onClose }: { memberId: string; name: string; onClose: () => void }) {
  const { state: before = 'offline', closed = [] } = hub.value.presence[memberId] ?? {}
  const state = useSignal<(typeof states)[number]>(states.find((one) => one === before) ?? 'online')
  return (
    <Dialog label={fill(words().setStateOf, { name })} onClose={onClose}>
      <form
        class="media-choice"
        onSubmit={(event) => {
          event.preventDefault()
          const chosen = new FormData(event.currentTarget)
          const shut = media.filter((medium) => chosen.has(medium))
          void setPresence({ state: state.value, ...(state.value === 'online' && { closed: shut }) }, memberId)
          onClose()
        }}
      >
        <select
          aria-label={words().state}
          value={state.value}
          onChange={({ currentTarget }) => (state.value = currentTarget.value as (typeof states)[number])}
        >
          {states.map((one) => (
            <option key={one} value={one}>
              {t()[one]}
            </option>
          ))}
        </select>
        {state.value === 'online' && (
          <fieldset>
            <legend>{reasonTexts[locale.value].onlineBut}</legend>
            {media.map((medium) => (
              <label key={medium}>
                <input type="checkbox" name={medium} defaultChecked={closed.includes(medium)} /> {t().media[medium]}
              </label>
            ))}
          </fieldset>
        )}
        <button type="submit" class="primary">
          {reasonTexts[locale.value].set}
        </button>
      </form>
    </Dialog>
  )
}
