/**
 * The visitor's chat: within a frame that the loader put on a business's page, or as a page of its own
 * (/widget/?channel=chn_…), as a link in an app or a messenger opens it. Drawn by plain Preact from one state; signals would
 * cost a quarter of the size that the widget may have.
 */
import { render } from 'preact'
import { pickLocale } from '../i18n/locale.ts'
import { loadWidgetTexts } from '../i18n/widget.ts'
import { type Hello, helloOf, isChannelId, type ToLoader, type ToWidget } from '../loader/messages.ts'
import { openStore } from '../storage.ts'
import { openSession } from './session.ts'
import { unreadCount } from './state.ts'
import { View } from './view.tsx'

const store = openStore(() => localStorage)

async function run(hello: Hello, port: MessagePort | undefined): Promise<void> {
  const locale = pickLocale(hello.locale ? [hello.locale] : navigator.languages)
  const texts = await loadWidgetTexts(locale)
  const tell = (message: ToLoader) => port?.postMessage(message)
  let muted = store.read<boolean>('muted') ?? false
  let due = false
  let told = ''

  const draw = () => {
    due = false
    const { state, channel } = session
    const title = channel?.look?.title ?? texts.title
    const unread = unreadCount(state)
    const news = unread + title
    if (news !== told) {
      told = news
      tell({ type: 'state', unread })
      document.title = unread ? `(${unread}) ${title}` : title
    }
    render(
      <View
        state={state}
        texts={texts}
        locale={locale}
        title={title}
        greeting={channel?.look?.greeting ?? texts.greeting}
        muted={muted}
        framed={port !== undefined}
        now={Date.now()}
        acts={acts}
      />,
      document.body,
    )
  }
  const drawSoon = () => {
    if (!due) queueMicrotask(draw)
    due = true
  }
  const base = new URL('../', location.href).href
  document.head.append(
    Object.assign(document.createElement('link'), {
      rel: 'stylesheet',
      href: `${base}v1/visitor/looks/${hello.channelId}/window.css`,
    }),
  )
  let more: typeof import('./more.tsx') | undefined
  const load = async () => {
    if (!more) {
      more = await import('./more.tsx')
      more.settle({ ...session, base, hello, locale, redraw: drawSoon })
      drawSoon()
    }
    return more
  }
  const session = openSession({
    base,
    channelId: hello.channelId,
    claims: { page: hello.page, language: locale },
    store,
    onChange: drawSoon,
    onUnseen: () => muted || load().then((loaded) => loaded.play(880, 1175)),
  })
  const acts = {
    send: (text: string) => session.send([{ type: 'text', text }]),
    retry: (clientId: string) => session.retry(clientId),
    attach: async (files: File[], tell: (notice: string) => void) => (await load()).sendFiles(files, tell),
    more: () => {
      if (!more) load().catch(() => {})
      return more
    },
    typing: () => session.typing(),
    close: () => tell({ type: 'close' }),
    toggleSound: () => {
      muted = !muted
      store.write('muted', muted)
      drawSoon()
    },
  }

  document.documentElement.lang = locale
  document.addEventListener('visibilitychange', () => session.see())
  if (port) {
    port.onmessage = ({ data }: MessageEvent<ToWidget>) => {
      if (data.type === 'opened') {
        session.setOpen(true)
        document.querySelector('textarea')?.focus()
      }
      if (data.type === 'closed') session.setOpen(false)
      if (data.type === 'identify') void identify(data.identity)
    }
  }
  const identify = async (identity: string | null) => {
    if (identity === null) session.reset()
    const known = identity === null ? undefined : await session.start(identity)
    tell({ type: 'identified', subject: known?.subject ?? null })
  }

  draw()
  if (hello.identity) void identify(hello.identity)
  if (hello.open) session.setOpen(true)
  // Who has talked before may have an answer waiting; nobody else is asked for anything before they open the chat.
  else if (session.isKnown) void session.start()
}

const channelId = new URLSearchParams(location.search).get('channel')
if (window.parent !== window) {
  const listen = (event: MessageEvent) => {
    const hello = helloOf(event, window.parent)
    const [port] = event.ports
    if (!hello || !port) return
    removeEventListener('message', listen)
    void run(hello, port)
  }
  addEventListener('message', listen)
} else if (isChannelId(channelId)) {
  const locale = new URLSearchParams(location.search).get('locale')
  const page = document.referrer.split(/[?#]/, 1)[0] ?? ''
  void run({ type: 'tributary.hello', channelId, locale, page, open: true, identity: null }, undefined)
} else {
  document.body.textContent = '?channel=chn_…'
}
