/** Which channel an answer takes, where somebody has chosen another than the conversation's own. */
import { signal } from '@preact/signals'
import { hub } from './store.ts'

interface Choice {
  channelId: string
  /** The conversation's own when it was chosen: once the conversation has moved by itself, the choice is over. */
  insteadOf: string
}

const choices = signal<Readonly<Record<string, Choice>>>({})

/** Undefined where answers take the conversation's own. */
export function chosenWay(conversationId: string): string | undefined {
  const choice = choices.value[conversationId]
  return choice?.insteadOf === hub.value.conversations[conversationId]?.channelId ? choice?.channelId : undefined
}

export function chooseWay(conversationId: string, channelId: string): void {
  const insteadOf = hub.peek().conversations[conversationId]?.channelId
  const { [conversationId]: _, ...others } = choices.peek()
  choices.value =
    insteadOf === undefined || insteadOf === channelId
      ? others
      : { ...others, [conversationId]: { channelId, insteadOf } }
}
