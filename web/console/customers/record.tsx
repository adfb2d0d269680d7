/** One customer by themselves: the record, and beside it all that was ever said. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact } from '../../api-agent.ts'
import { eraseContact, getContact } from '../../api-contacts.ts'
import { fill } from '../../i18n/locale.ts'
import { attempt, tell } from '../actions.ts'
import { api, base } from '../calls.ts'
import { Customer } from '../customer.tsx'
import { putContact } from '../reduce.ts'
import { formatArea } from '../route.ts'
import { confirmed } from '../settings/parts.tsx'
import { goArea, hub, may, update } from '../store.ts'
import { customerName, refusalOf } from '../texts.ts'
import { History } from '../thread.tsx'
import { problems, words } from './words.ts'

export function CustomerRecord({ id }: { id: string }) {
  const refused = useSignal('')
  useEffect(() => {
    getContact(api, id).then(
      // Under the id that was asked for too, should it be part of another by now.
      (contact) => update((state) => putContact(state, contact)),
      (error: unknown) => (refused.value = refusalOf(error, problems())),
    )
  }, [])
  const contact = hub.value.contacts[id]
  return (
    <>
      <a class="back" href={formatArea('customers')}>
        ‹ {words().backToList}
      </a>
      {refused.value && <p class="warning">{refused.value}</p>}
      {contact && (
        <div class="record">
          <section class="card" aria-label={customerName(contact.name, contact.id)}>
            <Customer key={contact.id} contact={contact} />
            <Privacy contact={contact} />
          </section>
          {may('conversation:read') && (
            <section class="card" aria-label={words().history}>
              <h3>{words().history}</h3>
              <History key={contact.id} contactId={contact.id} />
            </section>
          )}
        </div>
      )}
    </>
  )
}

/** What the law gives a customer: a copy of all that is kept, and its end. */
function Privacy({ contact }: { contact: Contact }) {
  const { id, name } = contact
  const erase = async () => {
    const asked = {
      title: fill(words().eraseTitle, { name: customerName(name, id) }),
      text: words().eraseText,
      act: words().erase,
    }
    if (!(await confirmed(asked))) return
    if (await attempt(() => eraseContact(api, contact), problems())) {
      tell(words().erased)
      goArea('customers')
    }
  }
  if (!may('contact:transfer') && !may('contact:erase')) return null
  return (
    <p class="record-acts">
      {may('contact:transfer') && (
        <a href={new URL(`v1/contacts/${id}/data`, base).href} download>
          {words().allData}
        </a>
      )}
      {may('contact:erase') && (
        <button type="button" class="danger small" onClick={() => void erase()}>
          {words().erase}
        </button>
      )}
    </p>
  )
}
