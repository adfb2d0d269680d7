/** Which channel an answer takes, where somebody has chosen another than the conversation's own. */
import { signal } from '@preact/signals'
import type { Message, Way } from '../api-agent.ts'
import { hub } from './store.ts'

interface Choice {
  channelId: string
  /** The conversation's own when it was chosen: once the conversation has moved by itself, the choice is over. */
  insteadOf: string
}

const choices = signal<Readonly<Record<string, Choice>>>({})

/** What is known of channels, from the conversations that were shown. */
export const knownWays = signal<Readonly<Record<string, Way>>>({})

/** Whether the platform may still take it back, as far as is known here; the hub knows better. `at` is the hub's time. */
export function mayTakeBack({ channelId, status, sentAt }: Message, at: number): boolean {
  if (status === 'queued') return true
  const way = knownWays.value[channelId ?? '']
  if (way?.recall === null) return false
  const { withinSeconds } = way?.recall ?? {}
  return at - Date.parse(sentAt) < (withinSeconds ?? 48 * 3600) * 1000
}

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
