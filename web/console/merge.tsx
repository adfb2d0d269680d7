/** Merging two records: the other one is looked for, both are shown, and one says which stays. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Contact } from '../api-agent.ts'
import { getContact, listContacts, mergeContacts } from '../api-contacts.ts'
import { mergeTexts } from '../i18n/console-merge.ts'
import { fill } from '../i18n/locale.ts'
import { newClientId } from '../ids.ts'
import { dateTime } from '../times.ts'
import { tell } from './actions.ts'
import { api } from './calls.ts'
import { Dialog } from './overlays.tsx'
import { putContact } from './reduce.ts'
import { locale, update } from './store.ts'
import { customerName, refusalOf, t } from './texts.ts'

const words = () => mergeTexts[locale.value]
const name = (contact: Contact) => customerName(contact.name, contact.id)

export function MergeDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const found = useSignal<readonly Contact[] | undefined>(undefined)
  const pair = useSignal<{ kept: Contact; joins: Contact } | undefined>(undefined)
  const refused = useSignal('')
  const isBusy = useSignal(false)
  /** The same merge asked for again is the same merge. */
  const key = useRef(newClientId())
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])

  const search = async (event: SubmitEvent) => {
    event.preventDefault()
    const wanted = field.current?.value.trim()
    if (!wanted) return
    try {
      const { data } = await listContacts(api, { search: wanted })
      found.value = data.filter(({ id }) => id !== contact.id && !contact.mergedIds.includes(id))
      refused.value = ''
    } catch (error) {
      refused.value = refusalOf(error)
    }
  }
  const merge = async () => {
    const { kept, joins } = pair.peek() ?? {}
    if (!kept || !joins) return
    isBusy.value = true
    try {
      const { contact: merged } = await mergeContacts(api, kept, key.current, joins.id)
      update((state) => putContact(state, merged))
      tell(words().done)
      onClose()
    } catch (error) {
      key.current = newClientId()
      refused.value = refusalOf(error, words().problems)
      const fresh = await getContact(api, kept.id).catch(() => kept)
      pair.value = { kept: fresh, joins }
    }
    isBusy.value = false
  }
  return (
    <Dialog label={words().mergeTitle} onClose={onClose}>
      {pair.value ? (
        <>
          <div class="pair">
            <Card label={words().kept} contact={pair.value.kept} />
            <Card label={words().joins} contact={pair.value.joins} />
          </div>
          <p class="soft">{fill(words().effect, { kept: name(pair.value.kept), joins: name(pair.value.joins) })}</p>
          <p class="form-acts">
            <button
              type="button"
              onClick={() => {
                const { kept, joins } = pair.peek() ?? {}
                if (kept && joins) pair.value = { kept: joins, joins: kept }
              }}
            >
              {words().swap}
            </button>
            <button type="button" onClick={() => (pair.value = undefined)}>
              {t().cancel}
            </button>
            <button type="button" class="primary" disabled={isBusy.value} onClick={() => void merge()}>
              {words().confirm}
            </button>
          </p>
        </>
      ) : (
        <>
          <form class="inline-form" onSubmit={search}>
            <input ref={field} type="search" maxLength={100} aria-label={words().search} placeholder={words().search} />
            <button type="submit">{t().search}</button>
          </form>
          {found.value?.length === 0 && <p class="soft">{words().noneFound}</p>}
          <div class="transfer">
            {found.value?.map((other) => (
              <button type="button" key={other.id} onClick={() => (pair.value = { kept: contact, joins: other })}>
                <strong>{name(other)}</strong> <small class="soft">{addresses(other)}</small>
              </button>
            ))}
          </div>
        </>
      )}
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
    </Dialog>
  )
}

const addresses = ({ identities }: Contact): string =>
  identities
    .slice(0, 3)
    .map(({ address }) => (address.length > 24 ? `${address.slice(0, 24)}…` : address))
    .join(' · ')

function Card({ label, contact }: { label: string; contact: Contact }) {
  const { company, province, city, tags, lastSeenAt } = contact
  const facts = [company, [province, city].filter(Boolean).join(' '), tags.join('、')].filter(Boolean)
  return (
    <section class="card">
      <h3 class="soft">{label}</h3>
      <p>
        <strong>{name(contact)}</strong>
      </p>
      <p>{addresses(contact)}</p>
      {facts.map((fact) => (
        <p key={fact}>{fact}</p>
      ))}
      {lastSeenAt && (
        <p class="soft">
          {words().lastSeen} {dateTime(locale.value, lastSeenAt)}
        </p>
      )}
    </section>
  )
}
