/**
 * What the loader on a business's page and the widget in its frame say to each other, over a MessagePort that the loader
 * hands once to the hub's exact origin. The loader listens to nothing else, so no other window can speak to it.
 */

/** The first message to the frame; the port comes with it. */
export interface Hello {
  type: 'tributary.hello'
  channelId: string
  locale: string | null
  /** The page that shows the widget, without query and fragment: those may hold secrets of the business. */
  page: string
  open: boolean
  identity: string | null
}

export type ToWidget = { type: 'opened' } | { type: 'closed' } | { type: 'identify'; identity: string | null }
export type ToLoader =
  | { type: 'close' }
  | { type: 'state'; unread: number }
  | { type: 'identified'; subject: string | null }

/** Where the widget lives, beside the loader's own address. Undefined for an address that is not http(s). */
export function widgetUrl(loaderSrc: string): URL | undefined {
  try {
    const url = new URL('widget/', loaderSrc)
    return /^https?:$/.test(url.protocol) ? url : undefined
  } catch {
    return undefined
  }
}

/** Ids stand in addresses and storage keys. */
export const isChannelId = (id: unknown): id is string => typeof id === 'string' && /^chn_\w{1,40}$/.test(id)

/**
 * The greeting in a window's message, or undefined for anything else: it must come from the window that holds the frame,
 * carry exactly one port, and have the right form. Whatever page it is, it learns nothing that its visitor does not see.
 */
export function helloOf(
  event: { source: unknown; data: unknown; ports: readonly unknown[] },
  parent: unknown,
): Hello | undefined {
  if (event.source !== parent || event.ports.length !== 1) return undefined
  const hello = event.data as Partial<Hello> | null
  if (hello?.type !== 'tributary.hello' || !isChannelId(hello.channelId)) return undefined
  const text = (value: unknown): string | null => (value ? String(value) : null)
  return {
    type: hello.type,
    channelId: hello.channelId,
    locale: text(hello.locale),
    page: String(hello.page).slice(0, 500),
    open: hello.open === true,
    identity: text(hello.identity),
  }
}
