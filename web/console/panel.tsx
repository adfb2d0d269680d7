/** Beside a conversation: what is known of the customer, and everything that was ever said. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { loadContact } from './actions.ts'
import { Icon } from './icon.tsx'
import { lazy } from './lazy.tsx'
import { hub, panelShown, selected } from './store.ts'
import { t } from './texts.ts'

const Customer = lazy(async () => (await import('./customer.tsx')).Customer)
const History = lazy(async () => (await import('./thread.tsx')).History)

export function Panel() {
  const conversation = selected.value
  const tab = useSignal<'details' | 'history'>('details')
  const contactId = conversation?.contactId
  useEffect(() => void (contactId && loadContact(contactId)), [contactId])
  if (!conversation) return <aside class="panel" aria-label={t().details} />
  const contact = hub.value.contacts[conversation.contactId]
  return (
    <aside class={panelShown.value ? 'panel is-shown' : 'panel'} aria-label={t().details}>
      <div class="tabs">
        {(['details', 'history'] as const).map((name) => (
          <button type="button" key={name} aria-pressed={tab.value === name} onClick={() => (tab.value = name)}>
            {t()[name]}
          </button>
        ))}
        <button
          type="button"
          class="square narrow-only"
          aria-label={t().close}
          onClick={() => (panelShown.value = false)}
        >
          <Icon name="cross" />
        </button>
      </div>
      {tab.value === 'details' ? (
        contact && <Customer key={contact.id} contact={contact} conversation={conversation} />
      ) : (
        <History key={conversation.contactId} contactId={conversation.contactId} current={conversation.id} />
      )}
    </aside>
  )
}
