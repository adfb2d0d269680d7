/** What the console's page holds: one state of the hub, and what the agent looks at. Components read these signals. */
import { computed, signal } from '@preact/signals'
import type { Me } from '../api-agent.ts'
import { type Locale, locales, pickLocale } from '../i18n/locale.ts'
import { openStore } from '../storage.ts'
import { type Area, formatArea, formatRoute, parseRoute, type Route } from './route.ts'
import { type ConsoleState, emptyState, openOffers, unreadTotal } from './state.ts'

/** Kept by the browser for good: choices of its user. */
export const choices = openStore(() => localStorage)
/** Kept as long as the tab lives: what is being written. */
export const drafts = openStore(() => sessionStorage)

export const hub = signal<ConsoleState>(emptyState)
export const me = signal<Me | undefined>(undefined)
export const stage = signal<'starting' | 'signed-out' | 'ready' | 'broken'>('starting')
/** The session has ended while the page was in use: what is being written stays, behind a log-in. */
export const expired = signal(false)
export const line = signal<'working' | 'connecting' | 'broken'>('connecting')
export const now = signal(Date.now())
/** How far this machine's clock is behind the hub's, as far as the stream tells. */
export const skewMs = signal(0)
export const route = signal<Route>(parseRoute(location.hash))
export const notice = signal<{ text: string; kind: 'error' | 'info' } | undefined>(undefined)
export const helpShown = signal(false)
/** Where the details of the customer are shown on narrow screens. */
export const panelShown = signal(false)

const storedLocale = choices.read<Locale>('locale')
export const locale = signal<Locale>(
  storedLocale && locales.includes(storedLocale) ? storedLocale : pickLocale(navigator.languages),
)
export const muted = signal(choices.read<boolean>('console.muted') ?? false)
export const sendKey = signal<'enter' | 'ctrl-enter'>(choices.read('console.send-key') ?? 'enter')

export const hubNow = computed(() => now.value + skewMs.value)
export const offers = computed(() => openOffers(hub.value, hubNow.value))
export const unread = computed(() => unreadTotal(hub.value))
export const selected = computed(() => {
  const { conversationId } = route.value
  return conversationId === undefined ? undefined : hub.value.conversations[conversationId]
})

/** Changes the state of the hub by a pure function. */
export function update(change: (state: ConsoleState) => ConsoleState): void {
  const before = hub.peek()
  const after = change(before)
  if (after.outbox !== before.outbox) drafts.write('outbox', after.outbox)
  hub.value = after
}

/** Shows a conversation or a list: the address follows, and with it the way back. */
export function go(to: Partial<Pick<Route, 'list' | 'conversationId'>>): void {
  location.hash = formatRoute({ ...route.peek(), ...to })
}

/** Shows an area, or another place in it. */
export function goArea(area: Area, path: readonly string[] = [], query: Readonly<Record<string, string>> = {}): void {
  location.hash = formatArea(area, path, query)
}

export function may(permission: string): boolean {
  const permissions = me.value?.permissions ?? []
  return permissions.includes(permission) || permissions.includes('*') || permissions.includes('admin')
}

export function chooseLocale(chosen: Locale): void {
  choices.write('locale', chosen)
  locale.value = chosen
}

export function toggleMuted(): void {
  muted.value = !muted.peek()
  choices.write('console.muted', muted.peek())
}

export function chooseSendKey(key: 'enter' | 'ctrl-enter'): void {
  sendKey.value = key
  choices.write('console.send-key', key)
}
