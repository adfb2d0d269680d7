/** What colleagues do with each other on a conversation. Refusals become a notice. */
import {
  assignConversation,
  type Conversation,
  type Ending,
  editConversation,
  getConversation,
  inviteParticipant,
  listConversationTags,
  type Member,
  removeParticipant,
} from '../api-agent.ts'
import { teamTexts } from '../i18n/console-team.ts'
import { fill } from '../i18n/locale.ts'
import { attempt, command, tell } from './actions.ts'
import { api } from './calls.ts'
import { changeRecord } from './changes.ts'
import { putConversations } from './reduce.ts'
import { hub, locale, update } from './store.ts'
import { refusalOf } from './texts.ts'

export const words = () => teamTexts[locale.value]

function keep(conversation: Conversation): Conversation {
  update((state) => putConversations(state, [conversation]))
  return conversation
}

export function invite(conversation: Conversation, { id, name }: Member): Promise<boolean> {
  return attempt(async () => {
    keep(await inviteParticipant(api, conversation.id, id))
    tell(fill(words().invited, { name }))
  }, words().problems)
}

/** Sends a colleague away, or leaves. */
export function sendAway(conversation: Conversation, memberId: string): Promise<boolean> {
  return attempt(async () => keep(await removeParticipant(api, conversation.id, memberId)), words().problems)
}

export const assign = (conversationId: string, memberId: string): Promise<boolean> =>
  command(() => assignConversation(api, conversationId, memberId))

/** Changes what colleagues write on a conversation; resolves with why not. */
export async function editConversationBy(
  id: string,
  change: (conversation: Conversation) => Ending & { tags?: string[] },
): Promise<string | undefined> {
  try {
    await changeRecord<Conversation, Ending & { tags?: string[] }>({
      id,
      change,
      seen: () => hub.peek().conversations[id],
      reload: async () => keep(await getConversation(api, id)),
      send: async (conversation, said) => keep(await editConversation(api, conversation, said)),
    })
    return undefined
  } catch (error) {
    return refusalOf(error, words().problems)
  }
}

/** Tags that are in use already. */
export const tagsInUse = (): Promise<string[]> =>
  listConversationTags(api).then(
    ({ data }) => data.map(({ tag }) => tag),
    () => [],
  )
