/** The blocklist (黑名单), where one talks with the customer: why, and for how long. */
import { useSignal } from '@preact/signals'
import type { Contact } from '../api-agent.ts'
import { type BlockChoice, blockContact, unblockContact } from '../api-contacts.ts'
import { blockTexts } from '../i18n/console-block.ts'
import { fill } from '../i18n/locale.ts'
import { dateTime } from '../times.ts'
import { api } from './calls.ts'
import { changeBy } from './contact-changes.ts'
import { locale, may } from './store.ts'
import { t } from './texts.ts'

export const words = () => blockTexts[locale.value]

const hours = { forever: 0, hour: 1, day: 24, week: 24 * 7, month: 24 * 30 } as const

export function Block({ contact }: { contact: Contact }) {
  const isAsking = useSignal(false)
  const refused = useSignal('')
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
        {refused.value && (
          <p class="failure" role="alert">
            {refused.value}
          </p>
        )}
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
  return (
    <BlockForm
      block={async (choice) => {
        const why = await changeBy(() => blockContact(api, contact.id, choice))
        if (why === undefined) isAsking.value = false
        return why
      }}
      onCancel={() => (isAsking.value = false)}
    />
  )
}

/** Asks why, and for how long. `block` resolves with why not. */
export function BlockForm({
  block,
  onCancel,
}: {
  block: (choice: BlockChoice) => Promise<string | undefined>
  onCancel: () => void
}) {
  const refused = useSignal('')
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    refused.value = (await block(blockChoice(new FormData(event.currentTarget as HTMLFormElement)))) ?? ''
  }
  return (
    <form class="block-form" onSubmit={submit}>
      <BlockFields />
      <button type="submit" class="danger">
        {words().block}
      </button>
      <button type="button" onClick={onCancel}>
        {t().cancel}
      </button>
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
    </form>
  )
}

/** The fields of a form that blockChoice reads. */
export function BlockFields() {
  return (
    <>
      <input name="reason" aria-label={words().reason} placeholder={words().reason} maxLength={500} />
      <select name="span" aria-label={words().howLong}>
        {(['forever', 'hour', 'day', 'week', 'month'] as const).map((one) => (
          <option key={one} value={one}>
            {words()[one]}
          </option>
        ))}
      </select>
    </>
  )
}

export function blockChoice(data: FormData): BlockChoice {
  const reason = String(data.get('reason') ?? '').trim()
  const span = hours[String(data.get('span')) as keyof typeof hours] ?? 0
  const until = span > 0 ? new Date(Date.now() + span * 3_600_000).toISOString() : undefined
  return { ...(reason && { reason }), ...(until && { until }) }
}
