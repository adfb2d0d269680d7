/** The blocklist (黑名单), where one talks with the customer: why, and for how long. */
import { useSignal } from '@preact/signals'
import type { Contact } from '../api-agent.ts'
import { blockContact, unblockContact } from '../api-contacts.ts'
import { blockTexts } from '../i18n/console-block.ts'
import { fill } from '../i18n/locale.ts'
import { dateTime } from '../times.ts'
import { api } from './calls.ts'
import { changeBy } from './contact-changes.ts'
import { locale, may } from './store.ts'
import { t } from './texts.ts'

const words = () => blockTexts[locale.value]

const hours = { forever: 0, hour: 1, day: 24, week: 24 * 7, month: 24 * 30 } as const

export function Block({ contact }: { contact: Contact }) {
  const isAsking = useSignal(false)
  const refused = useSignal('')
  const failure = refused.value && (
    <p class="failure" role="alert">
      {refused.value}
    </p>
  )
  if (contact.blocked) {
    const { reason, until } = contact.blocked
    const unblock = async () => {
      refused.value = (await changeBy(() => unblockContact(api, contact.id))) ?? ''
    }
    return (
      <div>
        <p class="warning">
          {words().blocked} {reason} {until && fill(words().until, { time: dateTime(locale.value, until) })}
        </p>
        {may('contact:block') && (
          <button type="button" onClick={() => void unblock()}>
            {words().unblock}
          </button>
        )}
        {failure}
      </div>
    )
  }
  if (!may('contact:block')) return null
  if (!isAsking.value) {
    return (
      <button type="button" class="danger small" onClick={() => (isAsking.value = true)}>
        {words().block}
      </button>
    )
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const reason = String(data.get('reason')).trim()
    const span = hours[String(data.get('span')) as keyof typeof hours]
    const until = span > 0 ? new Date(Date.now() + span * 3_600_000).toISOString() : undefined
    const why = await changeBy(() =>
      blockContact(api, contact.id, { ...(reason && { reason }), ...(until && { until }) }),
    )
    refused.value = why ?? ''
    isAsking.value = why !== undefined
  }
  return (
    <form class="block-form" onSubmit={submit}>
      <input name="reason" aria-label={words().reason} placeholder={words().reason} maxLength={500} />
      <select name="span" aria-label={words().howLong}>
        {(['forever', 'hour', 'day', 'week', 'month'] as const).map((one) => (
          <option key={one} value={one}>
            {words()[one]}
          </option>
        ))}
      </select>
      <button type="submit" class="danger">
        {words().block}
      </button>
      <button type="button" onClick={() => (isAsking.value = false)}>
        {t().cancel}
      </button>
      {failure}
    </form>
  )
}
