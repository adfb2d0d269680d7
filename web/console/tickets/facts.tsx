/** What there is to know of a ticket, each thing to be changed where it stands. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { getContact } from '../../api-contacts.ts'
import type { Ticket, TicketField, TicketPatch, TicketPriority } from '../../api-tickets.ts'
import { dateTime } from '../../times.ts'
import { api } from '../calls.ts'
import { Chips, Editable } from '../editable.tsx'
import { Icon } from '../icon.tsx'
import { putContact } from '../reduce.ts'
import { formatRoute } from '../route.ts'
import { hub, hubNow, locale, may, panelShown, update } from '../store.ts'
import { customerName, t } from '../texts.ts'
import { kinds } from './data.ts'
import { keepPatch, patch } from './edit.ts'
import {
  categoryOptions,
  groupOptions,
  instantOf,
  localTime,
  memberOptions,
  type Option,
  ownValue,
  priorityOptions,
  statusOptions,
} from './field.tsx'
import { TicketHistory } from './history.tsx'
import { TicketLinks } from './links.tsx'
import { isOverdue, memberName, words } from './words.ts'

export function TicketFacts({ ticket }: { ticket: Ticket }) {
  const { id, status, priority, category, assigneeId, groupId, dueAt, tags, watcherIds, createdBy, createdAt } = ticket
  const readOnly = !may('ticket:write')
  const { me } = hub.value
  const isWatching = watcherIds.includes(me)
  return (
    <div class="details">
      <button
        type="button"
        class="square narrow-only panel-close"
        aria-label={t().close}
        onClick={() => (panelShown.value = false)}
      >
        <Icon name="cross" />
      </button>
      <dl class="facts">
        <Pick
          ticket={ticket}
          label={words().status}
          value={status}
          options={statusOptions(status)}
          of={(value) => ({ status: value })}
        />
        <Pick
          ticket={ticket}
          label={words().priority}
          value={priority}
          options={priorityOptions()}
          of={(value) => ({ priority: value as TicketPriority })}
        />
        <Pick
          ticket={ticket}
          label={words().category}
          value={category ?? ''}
          options={[['', '—'], ...categoryOptions(category)]}
          of={(value) => ({ category: value || null })}
        />
        <Pick
          ticket={ticket}
          label={words().assignee}
          value={assigneeId ?? ''}
          options={[['', words().nobody], ...memberOptions(assigneeId)]}
          of={(value) => ({ assigneeId: value || null })}
        />
        <Pick
          ticket={ticket}
          label={words().group}
          value={groupId ?? ''}
          options={[['', '—'], ...groupOptions()]}
          of={(value) => ({ groupId: value || null })}
        />
        <div>
          <dt>{words().due}</dt>
          <dd class={isOverdue(ticket, hubNow.value) ? 'overdue' : undefined}>
            <Editable
              label={words().due}
              type="datetime-local"
              value={localTime(dueAt)}
              readOnly={readOnly}
              keep={keepPatch(id, (value) => ({ dueAt: instantOf(value) }))}
            >
              {dueAt && dateTime(locale.value, dueAt)} {isOverdue(ticket, hubNow.value) && words().overdue}
            </Editable>
          </dd>
        </div>
        {kinds.value.fields
          .filter(({ key, retired }) => !retired || Object.hasOwn(ticket.fields, key))
          .map((field) => (
            <Own key={field.key} ticket={ticket} field={field} readOnly={readOnly} />
          ))}
        <div>
          <dt>{words().tags}</dt>
          <dd>
            <Chips
              label={words().tags}
              values={tags.map((tag) => [tag, tag] as const)}
              readOnly={readOnly}
              add={(tag) => patch(id, (now) => ({ tags: [...now.tags, tag] }))}
              remove={(tag) => patch(id, (now) => ({ tags: now.tags.filter((one) => one !== tag) }))}
            />
          </dd>
        </div>
        <Origin ticket={ticket} />
        <div>
          <dt>{words().watchers}</dt>
          <dd>
            {watcherIds.map(memberName).join('、')}{' '}
            {!readOnly && (
              <button
                type="button"
                class="small"
                onClick={() => void patch(id, (now) => ({ watcherIds: toggled(now.watcherIds, me) }))}
              >
                {isWatching ? words().unwatch : words().watch}
              </button>
            )}
          </dd>
        </div>
        <div>
          <dt>{words().createdAt}</dt>
          <dd>
            {dateTime(locale.value, createdAt)} {createdBy.startsWith('usr_') && memberName(createdBy)}
          </dd>
        </div>
      </dl>
      <TicketLinks key={id} ticket={ticket} readOnly={readOnly} />
      <TicketHistory key={`history ${id}`} ticket={ticket} />
    </div>
  )
}

const toggled = (ids: readonly string[], id: string): string[] =>
  ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]

/** A choice that is kept as it is made. */
function Pick({
  ticket,
  label,
  value,
  options,
  of,
}: {
  ticket: Ticket
  label: string
  value: string
  options: readonly Option[]
  of: (value: string) => TicketPatch
}) {
  const refused = useSignal('')
  const isBusy = useSignal(false)
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <select
          aria-label={label}
          disabled={isBusy.value || !may('ticket:write')}
          value={value}
          onChange={async ({ currentTarget }) => {
            isBusy.value = true
            refused.value = (await patch(ticket.id, of(currentTarget.value))) ?? ''
            isBusy.value = false
            // Refused: what the ticket has stands there again.
            if (refused.peek()) currentTarget.value = value
          }}
        >
          {options.map(([key, name]) => (
            <option key={key} value={key} selected={key === value}>
              {name}
            </option>
          ))}
        </select>
        {refused.value && (
          <p class="failure" role="alert">
            {refused.value}
          </p>
        )}
      </dd>
    </div>
  )
}

function Own({ ticket, field, readOnly }: { ticket: Ticket; field: TicketField; readOnly: boolean }) {
  const { key, name, type, options, required, retired } = field
  const value = ticket.fields[key]
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Editable
          label={name}
          value={value === undefined ? '' : String(value)}
          readOnly={readOnly || retired}
          required={required}
          maxLength={2000}
          {...(type === 'choice' ? { options: options.map((one) => [one, one] as const) } : { type })}
          keep={keepPatch(ticket.id, (text) => ({ fields: { [key]: ownValue(field, text) } }))}
        />
      </dd>
    </div>
  )
}

/** Whose it is, and where it came from. */
function Origin({ ticket: { contactId, conversationId } }: { ticket: Ticket }) {
  const contact = contactId ? hub.value.contacts[contactId] : undefined
  useEffect(() => {
    if (contactId && !contact) {
      getContact(api, contactId).then(
        (found) => update((state) => putContact(state, found)),
        () => undefined,
      )
    }
  }, [contactId])
  return (
    <>
      <div>
        <dt>{words().customer}</dt>
        <dd>{contactId ? customerName(contact?.name ?? '', contactId) : '—'}</dd>
      </div>
      {conversationId && (
        <div>
          <dt>{words().conversation}</dt>
          <dd>
            <a href={formatRoute({ list: 'mine', conversationId })}>{words().openConversation}</a>
          </dd>
        </div>
      )}
    </>
  )
}
