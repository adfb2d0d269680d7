/** What is done less often with a conversation. */
import { useSignal } from '@preact/signals'
import type { Conversation } from '../api-agent.ts'
import { ColleagueDialog } from './colleagues.tsx'
import { beginToEnd, words as service, snoozing, takeOver } from './ending.ts'
import { lazy } from './lazy.tsx'
import { Menu } from './menu.tsx'
import { askForScore } from './satisfaction/ask.ts'
import { words as satisfaction } from './satisfaction/words.ts'
import { go, hub, may } from './store.ts'
import { assign, invite, sendAway, words } from './team.ts'
import { t } from './texts.ts'
import { TransferDialog } from './transfer.tsx'

export const NewTicketDialog = lazy(async () => (await import('./tickets/new.tsx')).NewTicketDialog)
const ExplanationDialog = lazy(async () => (await import('./monitor/explanation.tsx')).ExplanationDialog)

type Dialogs = 'transfer' | 'ticket' | 'invite' | 'assign' | 'why'

export function ConversationMenu({ conversation }: { conversation: Conversation }) {
  const open = useSignal<Dialogs | undefined>(undefined)
  const { me } = hub.value
  const { id, status, assigneeId, participantIds, heldBy } = conversation
  const isOpen = status === 'open'
  const speaks = assigneeId === me || participantIds.includes(me) || may('conversation:read-all')
  const entries: [Dialogs, string, boolean][] = [
    ['ticket', t().newTicket, may('ticket:write')],
    ['invite', words().invite, isOpen && speaks],
    ['assign', words().assign, isOpen && may('conversation:assign') && (heldBy === 'queue' || heldBy === 'agent')],
    ['why', t().whyRouted, may('routing:read')],
  ]
  const shown = entries.filter(([, , isFor]) => isFor)
  const takesPart = isOpen && participantIds.includes(me)
  const mayAsk = speaks && may('conversation:reply') && heldBy !== 'bot'
  if (shown.length === 0 && !takesPart && !mayAsk && !(isOpen && assigneeId === me)) return null
  const close = () => (open.value = undefined)
  return (
    <>
      <Menu label={t().more}>
        {shown.map(([name, text]) => (
          <button type="button" key={name} onClick={() => (open.value = name)}>
            {text}
          </button>
        ))}
        {mayAsk && (
          <button type="button" onClick={() => void askForScore(id)}>
            {satisfaction().ask}
          </button>
        )}
        {isOpen && assigneeId === me && (
          <>
            <button type="button" class="narrow-act" onClick={() => (open.value = 'transfer')}>
              {t().transfer}
            </button>
            {conversation.snoozed === null && (
              <button type="button" onClick={() => (snoozing.value = conversation)}>
                {service().snooze}
              </button>
            )}
            <button type="button" class="narrow-act" onClick={() => void beginToEnd(conversation, 'close')}>
              {t().closeConversation}
            </button>
          </>
        )}
        {isOpen && assigneeId !== null && assigneeId !== me && may('conversation:assign') && (
          <button type="button" onClick={() => void takeOver(conversation, true)}>
            {`${words().takeOver} · ${service().keepHolder}`}
          </button>
        )}
        {takesPart && (
          <button
            type="button"
            onClick={async () => {
              if ((await sendAway(conversation, me)) && !may('conversation:read-all')) go({ conversationId: undefined })
            }}
          >
            {words().leave}
          </button>
        )}
      </Menu>
      {open.value === 'transfer' && <TransferDialog conversation={conversation} onClose={close} />}
      {open.value === 'ticket' && <NewTicketDialog conversation={conversation} onClose={close} />}
      {open.value === 'invite' && (
        <ColleagueDialog
          label={words().invite}
          except={[me, assigneeId, ...participantIds]}
          choose={(member) => invite(conversation, member)}
          onClose={close}
        />
      )}
      {open.value === 'assign' && (
        <ColleagueDialog
          label={words().assign}
          except={[assigneeId]}
          choose={(member) => assign(id, member.id)}
          onClose={close}
        />
      )}
      {open.value === 'why' && <ExplanationDialog conversationId={id} onClose={close} />}
    </>
  )
}
