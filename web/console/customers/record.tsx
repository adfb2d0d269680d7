/** One customer by themselves: the record, and beside it all that was ever said. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { getContact } from '../../api-contacts.ts'
import { api } from '../calls.ts'
import { Customer } from '../customer.tsx'
import { putContact } from '../reduce.ts'
import { formatArea } from '../route.ts'
import { hub, may, update } from '../store.ts'
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
