/** Conversations of a queue or an agent, for who looks after them: read, explained, given to somebody. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Conversation, type ConversationFilter, listConversations } from '../../api-agent.ts'
import { api } from '../calls.ts'
import { ColleagueDialog } from '../colleagues.tsx'
import { onFrames } from '../connection.ts'
import { takeOver } from '../ending.ts'
import { lasting } from '../lasting.ts'
import { Dialog } from '../overlays.tsx'
import { putConversations } from '../reduce.ts'
import { formatRoute } from '../route.ts'
import { hub, hubNow, may, update } from '../store.ts'
import { assign, words as teamWords } from '../team.ts'
import { customerName, previewText, refusalOf, t } from '../texts.ts'
import { ExplanationDialog } from './explanation.tsx'
import { words } from './words.ts'

export interface Asked {
  title: string
  filter: ConversationFilter
}

export function MonitoredConversations({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const ids = useSignal<readonly string[] | undefined>(undefined)
  const refused = useSignal('')
  const stepIn = useSignal<{ how: 'why' | 'assign'; conversation: Conversation } | undefined>(undefined)
  useEffect(() => {
    const read = () =>
      listConversations(api, { status: 'open', ...asked.filter }).then(
        ({ data }) => {
          update((state) => putConversations(state, data))
          ids.value = data.map(({ id }) => id)
        },
        (error: unknown) => (refused.value = refusalOf(error)),
      )
    void read()
    return onFrames(({ type }) => void (/^conversation\.(?!read)/.test(String(type)) && read()))
  }, [])
  const found = (ids.value ?? []).flatMap((id) => hub.value.conversations[id] ?? [])
  const close = () => (stepIn.value = undefined)
  if (stepIn.value?.how === 'why') {
    return <ExplanationDialog conversationId={stepIn.value.conversation.id} onClose={close} />
  }
  if (stepIn.value) {
    const { conversation } = stepIn.value
    return (
      <ColleagueDialog
        label={teamWords().assign}
        except={[conversation.assigneeId]}
        choose={(member) => assign(conversation.id, member.id)}
        onClose={close}
      />
    )
  }
  return (
    <Dialog label={asked.title} onClose={onClose}>
      {refused.value && <p class="failure">{refused.value}</p>}
      {ids.value && found.length === 0 && <p class="soft">{words().noConversations}</p>}
      <ul class="plain monitored">
        {found.map((conversation) => (
          <li key={conversation.id}>
            <a href={formatRoute({ list: 'all', conversationId: conversation.id })}>
              <strong>{customerName(conversation.contactName, conversation.contactId)}</strong>{' '}
              <span class="soft">
                {lasting(hubNow.value - Date.parse(conversation.waitingSince ?? conversation.openedAt))}
              </span>
              <span class="preview">{previewText(conversation.preview)}</span>
            </a>
            <p class="edit-acts">
              <button type="button" class="small" onClick={() => (stepIn.value = { how: 'why', conversation })}>
                {words().why}
              </button>
              {may('conversation:assign') && (
                <>
                  <button type="button" class="small" onClick={() => (stepIn.value = { how: 'assign', conversation })}>
                    {teamWords().assign}
                  </button>
                  {conversation.assigneeId !== hub.value.me && (
                    <button type="button" class="small" onClick={() => void takeOver(conversation)}>
                      {teamWords().takeOver}
                    </button>
                  )}
                </>
              )}
            </p>
          </li>
        ))}
      </ul>
      <p class="form-acts">
        <button type="button" onClick={onClose}>
          {t().close}
        </button>
      </p>
    </Dialog>
  )
}
