/** A customer's record, each thing of it to be changed where it stands: beside a conversation, or by itself. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact, Conversation } from '../api-agent.ts'
import { setInGroup } from '../api-contacts.ts'
import { fill } from '../i18n/locale.ts'
import { dateTime } from '../times.ts'
import { Block } from './block.tsx'
import { api } from './calls.ts'
import { changeBy, contactKinds, loadContactKinds, patch, words } from './contact-changes.ts'
import { ContactTickets } from './contact-tickets.tsx'
import { Attributes } from './customer-attributes.tsx'
import { Identities } from './customer-identities.tsx'
import { Notes } from './customer-notes.tsx'
import { Earlier } from './earlier.tsx'
import { Chips, Editable } from './editable.tsx'
import { categoryName, categoryOptions, words as service } from './ending.ts'
import { Icon } from './icon.tsx'
import { Merges } from './merges.tsx'
import { Score } from './satisfaction/score.tsx'
import { hub, locale, may } from './store.ts'
import { editConversationBy, sendAway, tagsInUse, words as team } from './team.ts'
import { customerName, t } from './texts.ts'

export function Customer({ contact, conversation }: { contact: Contact; conversation?: Conversation }) {
  const readOnly = !may('contact:write')
  useEffect(() => void loadContactKinds(), [])
  return (
    <div class="details">
      <p class="contact-name">
        <Editable
          label={t().customerName}
          value={contact.name}
          required
          readOnly={readOnly}
          keep={(name) => patch(contact.id, { name })}
        >
          <strong>{customerName(contact.name, contact.id)}</strong>
        </Editable>
      </p>
      <Block contact={contact} />
      <dl class="facts">
        {(['company', 'province', 'city'] as const).map((key) => (
          <div key={key}>
            <dt>{words()[key]}</dt>
            <dd>
              <Editable
                label={words()[key]}
                value={contact[key] ?? ''}
                readOnly={readOnly}
                keep={(value) => patch(contact.id, { [key]: value || null })}
              />
            </dd>
          </div>
        ))}
        <div>
          <dt>{words().tags}</dt>
          <dd>
            <Chips
              label={words().tags}
              values={contact.tags.map((tag) => [tag, tag] as const)}
              suggestions={contactKinds.value.tags}
              readOnly={readOnly}
              add={(tag) => patch(contact.id, (now) => ({ tags: [...now.tags, tag] }))}
              remove={(tag) => patch(contact.id, (now) => ({ tags: now.tags.filter((one) => one !== tag) }))}
            />
          </dd>
        </div>
        <Groups contact={contact} readOnly={readOnly} />
      </dl>
      <Identities contact={contact} readOnly={readOnly} />
      <Attributes contact={contact} readOnly={readOnly} />
      <Notes contactId={contact.id} readOnly={readOnly} />
      {may('ticket:read') && <ContactTickets contact={contact} conversation={conversation} />}
      <Merges contact={contact} />
      <Earlier contactId={contact.id} current={conversation?.id} />
      {conversation && <ThisConversation contact={contact} conversation={conversation} />}
    </div>
  )
}

function Groups({ contact, readOnly }: { contact: Contact; readOnly: boolean }) {
  const { groups } = contactKinds.value
  if (groups.length === 0) return null
  const choices = groups.map(({ id, name }) => [id, name] as const)
  return (
    <div>
      <dt>{words().groups}</dt>
      <dd>
        <Chips
          label={words().groups}
          values={choices.filter(([id]) => contact.groupIds.includes(id))}
          choices={choices}
          readOnly={readOnly}
          add={(id) => changeBy(() => setInGroup(api, id, contact.id, true))}
          remove={(id) => changeBy(() => setInGroup(api, id, contact.id, false))}
        />
      </dd>
    </div>
  )
}

function ThisConversation({ contact, conversation }: { contact: Contact; conversation: Conversation }) {
  const { assigneeId, groupId, openedAt } = conversation
  const agent = assigneeId ? hub.value.members[assigneeId] : undefined
  const facts: (readonly [string, string])[] = [
    [t().openedAt, dateTime(locale.value, openedAt)],
    [t().group, (groupId && hub.value.groups[groupId]) || '—'],
    [t().agent, agent ? `${agent.name} ${agent.number ?? ''}` : '—'],
  ]
  if (contact.lastSeenAt) facts.push([t().lastSeen, dateTime(locale.value, contact.lastSeenAt)])
  return (
    <section>
      <h3>{t().conversation}</h3>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {may('satisfaction:read') && <Score conversationId={conversation.id} />}
        <Team conversation={conversation} />
      </dl>
    </section>
  )
}

/** What colleagues have on the conversation between themselves. */
function Team({ conversation }: { conversation: Conversation }) {
  const { id, tags, participantIds, status, assigneeId, summary, category } = conversation
  const { me, members } = hub.value
  const inUse = useSignal<readonly string[]>([])
  useEffect(() => void tagsInUse().then((words) => (inUse.value = words)), [])
  const isHolder = assigneeId === me || may('conversation:read-all')
  return (
    <>
      <div>
        <dt>{service().category}</dt>
        <dd>
          <Editable
            label={service().category}
            value={category ?? ''}
            options={categoryOptions(category)}
            readOnly={!may('conversation:reply')}
            keep={(key) => editConversationBy(id, () => ({ category: key || null }))}
          >
            {category && categoryName(category)}
          </Editable>
        </dd>
      </div>
      <div>
        <dt>{service().summary}</dt>
        <dd>
          <Editable
            label={service().summary}
            value={summary ?? ''}
            multiline
            maxLength={5000}
            readOnly={!may('conversation:reply')}
            keep={(text) => editConversationBy(id, () => ({ summary: text || null }))}
          />
        </dd>
      </div>
      <div>
        <dt>{team().tags}</dt>
        <dd>
          <Chips
            label={team().tags}
            values={tags.map((tag) => [tag, tag] as const)}
            suggestions={inUse.value}
            readOnly={!may('conversation:reply')}
            add={(tag) => editConversationBy(id, (had) => ({ tags: [...had.tags, tag] }))}
            remove={(tag) => editConversationBy(id, (had) => ({ tags: had.tags.filter((one) => one !== tag) }))}
          />
        </dd>
      </div>
      {participantIds.length > 0 && (
        <div>
          <dt>{team().takingPart}</dt>
          <dd class="chips">
            {participantIds.map((memberId) => (
              <span key={memberId} class="chip">
                {members[memberId]?.name}
                {status === 'open' && (isHolder || memberId === me) && (
                  <button
                    type="button"
                    aria-label={
                      memberId === me ? team().leave : fill(team().sendAway, { name: members[memberId]?.name ?? '' })
                    }
                    onClick={() => void sendAway(conversation, memberId)}
                  >
                    <Icon name="cross" />
                  </button>
                )}
              </span>
            ))}
          </dd>
        </div>
      )}
    </>
  )
}
