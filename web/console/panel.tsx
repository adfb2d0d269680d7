/** What is known of the customer, and everything that was ever said. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact, Conversation } from '../api-agent.ts'
import { dateTime } from '../times.ts'
import { loadContact, rename, setBlocked } from './actions.ts'
import { ContactTickets } from './contact-tickets.tsx'
import { Icon } from './icon.tsx'
import { hub, locale, may, panelShown, selected } from './store.ts'
import { customerName, t } from './texts.ts'
import { History } from './thread.tsx'

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
        contact && <Details key={contact.id} contact={contact} conversation={conversation} />
      ) : (
        <History key={conversation.contactId} contactId={conversation.contactId} current={conversation.id} />
      )}
    </aside>
  )
}

function Details({ contact, conversation }: { contact: Contact; conversation: Conversation }) {
  const state = hub.value
  const { assigneeId, groupId } = conversation
  const agent = assigneeId ? state.members[assigneeId] : undefined
  return (
    <div class="details">
      <Name contact={contact} />
      {contact.blocked && (
        <p class="warning">
          {t().blocked} {contact.blocked.reason}
        </p>
      )}
      <Facts
        title={t().identities}
        facts={contact.identities.map(({ kind, address, verified }) => [kind, address, verified])}
      />
      <Facts title={t().claims} facts={Object.entries(contact.claims).map(([name, value]) => [name, value, false])} />
      <Facts title={t().attributes} facts={Object.entries(contact.attributes)} />
      <Facts
        title={t().conversation}
        facts={[
          [t().openedAt, dateTime(locale.value, conversation.openedAt)],
          [t().group, (groupId && state.groups[groupId]) || '—'],
          [t().agent, agent ? `${agent.name} ${agent.number ?? ''}` : '—'],
          ...(contact.lastSeenAt ? [[t().lastSeen, dateTime(locale.value, contact.lastSeenAt)] as const] : []),
        ]}
      />
      {may('ticket:read') && <ContactTickets contactId={contact.id} conversation={conversation} />}
      {may('contact:block') && <Block contact={contact} />}
    </div>
  )
}

/** Names with values; a third member says whether somebody has proven it. */
function Facts({ title, facts }: { title: string; facts: readonly (readonly [string, string, boolean?])[] }) {
  if (facts.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {facts.map(([name, value, verified]) => (
          <div key={name + value}>
            <dt>{Object.hasOwn(t().facts, name) ? t().facts[name] : name}</dt>
            <dd>
              {value}
              {verified !== undefined && (
                <span class={verified ? 'tag is-good' : 'tag'}>{verified ? t().verified : t().unverified}</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Name({ contact }: { contact: Contact }) {
  const isEditing = useSignal(false)
  if (!isEditing.value) {
    return (
      <p class="contact-name">
        <strong>{customerName(contact.name, contact.id)}</strong>
        {may('contact:write') && (
          <button type="button" class="square" aria-label={t().rename} onClick={() => (isEditing.value = true)}>
            <Icon name="edit" />
          </button>
        )}
      </p>
    )
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim()
    if (name && name !== contact.name) await rename(contact, name)
    isEditing.value = false
  }
  return (
    <form class="contact-name" onSubmit={submit}>
      <input name="name" aria-label={t().customerName} defaultValue={contact.name} maxLength={200} required />
      <button type="submit" class="primary">
        {t().save}
      </button>
      <button type="button" onClick={() => (isEditing.value = false)}>
        {t().cancel}
      </button>
    </form>
  )
}

function Block({ contact }: { contact: Contact }) {
  const isAsking = useSignal(false)
  if (contact.blocked) {
    return (
      <button type="button" onClick={() => void setBlocked(contact, false)}>
        {t().unblock}
      </button>
    )
  }
  if (!isAsking.value) {
    return (
      <button type="button" class="danger" onClick={() => (isAsking.value = true)}>
        {t().block}
      </button>
    )
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim()
    await setBlocked(contact, true, reason || undefined)
    isAsking.value = false
  }
  return (
    <form class="block-form" onSubmit={submit}>
      <input name="reason" aria-label={t().blockReason} placeholder={t().blockReason} maxLength={500} />
      <button type="submit" class="danger">
        {t().block}
      </button>
      <button type="button" onClick={() => (isAsking.value = false)}>
        {t().cancel}
      </button>
    </form>
  )
}
