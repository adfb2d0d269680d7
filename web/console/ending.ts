/** How conversations end, are set aside and go on. Refusals become a notice, or words beside a field. */
import { signal } from '@preact/signals'
import { asProblem } from '../api.ts'
import {
  type ClosingRule,
  type Conversation,
  type ConversationCategory,
  closeConversation,
  type Ending,
  listClosingRules,
  listConversationCategories,
  reopenConversation,
  resolveConversation,
  snoozeConversation,
  takeOverConversation,
  unparkConversation,
  wakeConversation,
} from '../api-agent.ts'
import { episodeTexts } from '../i18n/console-episodes.ts'
import { attempt, command } from './actions.ts'
import { api } from './calls.ts'
import { putConversations } from './reduce.ts'
import { hub, locale, selected, update } from './store.ts'
import { refusalOf } from './texts.ts'

export const words = () => episodeTexts[locale.value]

export type How = 'resolve' | 'close'

/** The conversation that is being ended with something to write down, and how. */
export const asking = signal<{ conversation: Conversation; how: How } | undefined>(undefined)
export const snoozing = signal<Conversation | undefined>(undefined)
export const categories = signal<readonly ConversationCategory[]>([])
export const rules = signal<readonly ClosingRule[]>([])

/** Reads what a business asks for at the end; what cannot be had is as if nothing were asked: the hub asks again. */
export async function loadEndings(): Promise<void> {
  await Promise.all([
    listConversationCategories(api).then(
      ({ data }) => (categories.value = data),
      () => undefined,
    ),
    listClosingRules(api).then(
      ({ data }) => (rules.value = data),
      () => undefined,
    ),
  ])
}

/** The rule of the conversation's group, else that of all. */
export function ruleOf({ groupId }: Conversation): ClosingRule | undefined {
  return rules.value.find((rule) => rule.groupId === groupId) ?? rules.value.find((rule) => rule.groupId === null)
}

/** A category with those above it; they are a tree. */
export function categoryName(key: string): string {
  const names: string[] = []
  for (let at: string | null = key; at !== null && names.length < 8; ) {
    const found: ConversationCategory | undefined = categories.value.find((one) => one.key === at)
    if (!found) break
    names.unshift(found.name)
    at = found.parentKey
  }
  return names.length > 0 ? names.join(' / ') : key
}

/** Categories to choose from; one that is out of use only where it is chosen already. */
export const categoryOptions = (present: string | null): (readonly [string, string])[] =>
  categories.value
    .filter(({ key, retired }) => !retired || key === present)
    .map(({ key }) => [key, categoryName(key)] as const)

const acts = { resolve: resolveConversation, close: closeConversation }

/** Ends it; throws what is refused. */
export async function end({ id }: Conversation, how: How, ending: Ending): Promise<void> {
  const ended = await acts[how](api, id, ending)
  update((state) => putConversations(state, [ended]))
}

/** Ends it at once where nothing is asked for, else asks. */
export async function beginToEnd(conversation: Conversation, how: How): Promise<void> {
  const { summary = 'off', category = 'off' } = ruleOf(conversation) ?? {}
  if (summary !== 'off' || category !== 'off') {
    asking.value = { conversation, how }
    return
  }
  try {
    await end(conversation, how, {})
  } catch (error) {
    const { code } = asProblem(error)
    // A rule that was made since this page read them.
    if (code === 'summary-missing' || code === 'category-missing') {
      await loadEndings()
      asking.value = { conversation, how }
    } else await attempt(() => Promise.reject(error), words().problems)
  }
}

export const reopen = ({ id }: Conversation): Promise<boolean> =>
  command(() => reopenConversation(api, id, true), words().problems)
export const wake = ({ id }: Conversation): Promise<boolean> =>
  command(() => wakeConversation(api, id), words().problems)
export const takeOver = ({ id }: Conversation, keepHolder = false): Promise<boolean> =>
  command(() => takeOverConversation(api, id, keepHolder), words().problems)

/** Hands one that waits for the opening hours to routing now. */
export const unpark = ({ id }: Conversation): Promise<boolean> =>
  attempt(async () => {
    const conversation = await unparkConversation(api, id)
    update((state) => putConversations(state, [conversation]))
  }, words().problems)

/** Sets it aside; resolves with why not. */
export async function snooze({ id }: Conversation, until: Date | undefined): Promise<string | undefined> {
  try {
    const { outcome } = await snoozeConversation(api, id, until?.toISOString())
    if (outcome?.result === 'refused') return refusalOf(outcome.code ?? '', words().problems)
    return undefined
  } catch (error) {
    return refusalOf(error, words().problems)
  }
}

/** The conversation before me, if I hold it. */
function mineSelected(): Conversation | undefined {
  const conversation = selected.peek()
  return conversation?.status === 'open' && conversation.assigneeId === hub.peek().me ? conversation : undefined
}

export function endSelected(how: How): void {
  const conversation = mineSelected()
  if (conversation) void beginToEnd(conversation, how)
}

export function snoozeSelected(): void {
  snoozing.value = mineSelected()
}
