/** How one is, beside the usual: away in one's own words, in a state of the business's own, or online for some media only. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type AgentStatus, listAgentStatuses, type Medium } from '../api-agent.ts'
import { reasonTexts } from '../i18n/console-reasons.ts'
import { setPresence } from './actions.ts'
import { awayFor } from './away-reasons.ts'
import { api } from './calls.ts'
import { Dialog } from './overlays.tsx'
import { hub, locale } from './store.ts'
import { t } from './texts.ts'

const media: readonly Medium[] = ['chat', 'call', 'ticket']

export function ReasonDialog({ onClose }: { onClose: () => void }) {
  const words = reasonTexts[locale.value]
  const statuses = useSignal<readonly AgentStatus[]>([])
  useEffect(() => {
    listAgentStatuses(api).then(
      ({ data }) => (statuses.value = data.filter(({ retired }) => !retired)),
      () => undefined,
    )
  }, [])
  const { closed = [] } = hub.value.presence[hub.value.me] ?? {}
  return (
    <Dialog label={t().otherReason} onClose={onClose}>
      {statuses.value.length > 0 && (
        <section class="transfer">
          <h3>{words.own}</h3>
          {statuses.value.map(({ key, name }) => (
            <button
              type="button"
              key={key}
              onClick={() => {
                void setPresence({ status: key })
                onClose()
              }}
            >
              {name}
            </button>
          ))}
        </section>
      )}
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim()
          if (reason !== '') awayFor(reason)
          onClose()
        }}
      >
        <input name="reason" required maxLength={30} aria-label={t().reason} placeholder={t().reason} />
        <button type="submit" class="primary">
          {t().away}
        </button>
      </form>
      <form
        class="media-choice"
        onSubmit={(event) => {
          event.preventDefault()
          const chosen = new FormData(event.currentTarget as HTMLFormElement)
          void setPresence({ state: 'online', closed: media.filter((medium) => chosen.has(medium)) })
          onClose()
        }}
      >
        <fieldset>
          <legend>{words.onlineBut}</legend>
          {media.map((medium) => (
            <label key={medium}>
              <input type="checkbox" name={medium} defaultChecked={closed.includes(medium)} /> {t().media[medium]}
            </label>
          ))}
        </fieldset>
        <button type="submit">{words.set}</button>
      </form>
    </Dialog>
  )
}
