/** Making a ticket, of itself or from a conversation. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { asProblem } from '../../api.ts'
import type { Conversation } from '../../api-agent.ts'
import { createTicket, type NewTicket, type TicketPriority } from '../../api-tickets.ts'
import { fill } from '../../i18n/locale.ts'
import { newClientId } from '../../ids.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { Dialog } from '../overlays.tsx'
import { goArea, hub, route } from '../store.ts'
import { customerName, refusalOf, t } from '../texts.ts'
import { kinds, loadKinds, putTicket } from './data.ts'
import {
  Choice,
  categoryOptions,
  groupOptions,
  instantOf,
  Labelled,
  memberOptions,
  OwnField,
  ownValue,
  priorityOptions,
} from './field.tsx'
import { memberName, words } from './words.ts'

interface Props {
  conversation?: Conversation | undefined
  contact?: { id: string; name: string } | undefined
  onClose: () => void
  onMade?: (() => void) | undefined
}

export function NewTicketDialog({ conversation, contact, onClose, onMade }: Props) {
  const form = useRef<HTMLFormElement>(null)
  /** The same request again makes no second ticket. */
  const key = useRef(newClientId())
  const wrong = useSignal<Readonly<Record<string, string>>>({})
  const refused = useSignal('')
  const isBusy = useSignal(false)
  const own = kinds.value.fields.filter(({ retired }) => !retired)
  useEffect(() => {
    if (kinds.peek().statuses.length === 0) loadKinds().catch(() => undefined)
    form.current?.querySelector('input')?.focus()
  }, [])

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (isBusy.peek()) return
    isBusy.value = true
    wrong.value = {}
    refused.value = ''
    try {
      const ticket = putTicket(await createTicket(api, key.current, read()))
      tell(fill(words().made, { number: ticket.number }))
      onMade?.()
      onClose()
      if (route.peek().area === 'tickets') goArea('tickets', [ticket.id], route.peek().query)
    } catch (error) {
      const { errors, code } = asProblem(error)
      if (code !== 'network-unreachable') key.current = newClientId()
      wrong.value = Object.fromEntries(errors.map(({ pointer, detail }) => [pointer, detail]))
      refused.value = refusalOf(error, words().problems)
    }
    isBusy.value = false
  }
  const read = (): NewTicket => {
    const data = new FormData(form.current ?? undefined)
    const said = (name: string) => String(data.get(name) ?? '').trim()
    const fields = own.flatMap((field) => {
      const value = ownValue(field, said(`own.${field.key}`))
      return value === null ? [] : [[field.key, value] as const]
    })
    return {
      subject: said('subject'),
      priority: said('priority') as TicketPriority,
      ...(said('description') && { description: said('description') }),
      ...(said('category') && { category: said('category') }),
      ...(said('assigneeId') && { assigneeId: said('assigneeId') }),
      ...(said('groupId') && { groupId: said('groupId') }),
      ...(said('dueAt') && { dueAt: instantOf(said('dueAt')) }),
      ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
      ...(conversation ? { conversationId: conversation.id } : contact && { contactId: contact.id }),
    }
  }
  const of = conversation ? customerName(conversation.contactName, conversation.contactId) : contact?.name
  return (
    <Dialog label={words().newTicket} onClose={onClose}>
      <form ref={form} class="form" onSubmit={submit}>
        {of && (
          <p class="soft">
            {words().customer}：{of} {conversation && `· ${words().fromConversation}`}
          </p>
        )}
        <Labelled label={words().subject} required wrong={wrong.value['/subject']}>
          <input name="subject" maxLength={300} required />
        </Labelled>
        <Labelled label={words().description} wrong={wrong.value['/description']}>
          <textarea name="description" rows={3} maxLength={20_000} />
        </Labelled>
        <div class="form-pair">
          <Labelled label={words().priority} wrong={wrong.value['/priority']}>
            <Choice name="priority" options={priorityOptions()} value="normal" />
          </Labelled>
          <Labelled label={words().category} wrong={wrong.value['/category']}>
            <Choice name="category" options={categoryOptions()} empty="—" />
          </Labelled>
          <Labelled label={words().assignee} wrong={wrong.value['/assigneeId']}>
            <Choice name="assigneeId" options={memberOptions()} value={hub.value.me} empty={memberName(null)} />
          </Labelled>
          <Labelled label={words().group} wrong={wrong.value['/groupId']}>
            <Choice name="groupId" options={groupOptions()} value={conversation?.groupId ?? ''} empty="—" />
          </Labelled>
          <Labelled label={words().due} wrong={wrong.value['/dueAt']}>
            <input name="dueAt" type="datetime-local" />
          </Labelled>
          {own.map((field) => (
            <Labelled
              key={field.key}
              label={field.name}
              required={field.required}
              wrong={wrong.value[`/fields/${field.key}`]}
            >
              <OwnField field={field} />
            </Labelled>
          ))}
        </div>
        <p class="failure" role="alert">
          {refused.value}
        </p>
        <p class="form-acts">
          <button type="button" onClick={onClose}>
            {t().cancel}
          </button>
          <button type="submit" class="primary" disabled={isBusy.value}>
            {words().create}
          </button>
        </p>
      </form>
    </Dialog>
  )
}
