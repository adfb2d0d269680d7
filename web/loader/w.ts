/**
 * The one line that a business puts on its pages: `<script async src="https://HUB/w.js" data-channel="chn_…"></script>`.
 * Draws the launcher in a closed shadow root and, once somebody wants to talk, the widget in a frame of the hub's origin.
 */
import { pickLocale } from '../i18n/locale.ts'
import { type Hello, type ToLoader, type ToWidget, widgetUrl } from './messages.ts'
import { style } from './style.ts'

const svgSpace = 'http://www.w3.org/2000/svg'
const labels = { 'zh-CN': '在线客服', 'zh-TW': '線上客服', en: 'Chat with us' }

function start(script: HTMLScriptElement): void {
  const { channel = '', locale = null } = script.dataset
  const url = widgetUrl(script.src)
  if (!url || !channel) return
  const label = labels[pickLocale(locale ? [locale] : navigator.languages)]
  const seenKey = `tributary.${channel}`
  let frame: HTMLIFrameElement | undefined
  let port: MessagePort | undefined
  let identity: string | null = null
  const identified: ((subject: string | null) => void)[] = []
  let isOpen = false

  const host = document.createElement('div')
  const root = host.attachShadow({ mode: 'closed' })
  // Built by hand, not from a string: pages that enforce Trusted Types refuse strings.
  const launcher = document.createElement('button')
  const svg = document.createElementNS(svgSpace, 'svg')
  const path = document.createElementNS(svgSpace, 'path')
  const badge = document.createElement('b')
  launcher.type = 'button'
  launcher.ariaHasPopup = 'dialog'
  badge.hidden = true
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.append(path)
  launcher.append(svg, badge)
  // How the channel's launcher looks; it shows itself when that is known, or cannot be had.
  const look = document.createElement('link')
  look.rel = 'stylesheet'
  look.href = new URL(`../v1/visitor/looks/${channel}/launcher.css`, url).href
  look.onload = look.onerror = () => root.append(launcher)
  root.append(look)
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(style)
    root.adoptedStyleSheets = [sheet]
  } catch {
    root.append(Object.assign(document.createElement('style'), { textContent: style }))
  }

  const tell = (message: ToWidget) => port?.postMessage(message)
  const show = () => {
    if (frame) frame.hidden = !isOpen
    launcher.className = isOpen ? 'on' : ''
    launcher.ariaExpanded = String(isOpen)
    launcher.ariaLabel = badge.hidden ? label : `${label} (${badge.textContent})`
    path.setAttribute('d', isOpen ? 'M6 9l6 6 6-6' : 'M21 12a8 8 0 0 1-11.5 7.2L3 21l1.8-6A8 8 0 1 1 21 12z')
  }

  /** Puts the frame on the page, hidden or not, and greets it whenever it (re)loads. */
  const load = () => {
    if (frame) return
    frame = document.createElement('iframe')
    frame.title = label
    frame.allow = 'autoplay; clipboard-write'
    frame.src = url.href
    frame.onload = () => {
      port?.close()
      const pipe = new MessageChannel()
      port = pipe.port1
      port.onmessage = ({ data }: MessageEvent<ToLoader>) => {
        if (data.type === 'close') close()
        if (data.type === 'state') {
          badge.textContent = data.unread > 99 ? '99+' : String(data.unread)
          badge.hidden = !data.unread
          show()
        }
        if (data.type === 'identified') {
          for (const settle of identified.splice(0)) settle(data.subject)
        }
      }
      const hello: Hello = {
        type: 'tributary.hello',
        channelId: channel,
        locale,
        page: location.origin + location.pathname,
        open: isOpen,
        identity,
      }
      frame?.contentWindow?.postMessage(hello, url.origin, [pipe.port2])
    }
    root.append(frame)
  }
  const open = () => {
    isOpen = true
    load()
    show()
    try {
      localStorage.setItem(seenKey, '1')
    } catch {}
    tell({ type: 'opened' })
    frame?.focus()
  }
  const close = () => {
    if (!isOpen) return
    isOpen = false
    show()
    tell({ type: 'closed' })
    launcher.focus()
  }
  /** Says who the visitor is, by a JWT of the business (null: nobody any more). Resolves with the accepted subject. */
  const identify = (jwt: string | null) =>
    new Promise<string | null>((resolve) => {
      identity = jwt
      identified.push(resolve)
      load()
      tell({ type: 'identify', identity })
    })

  launcher.onclick = () => (isOpen ? close() : open())
  launcher.onpointerenter = load
  show()
  document.body.append(host)
  Object.assign(window, { tributary: { open, close, identify, reset: () => identify(null) } })
  dispatchEvent(new Event('tributary:ready'))
  // Who has talked before may have an answer waiting: look, when the page has nothing better to do.
  let seen: string | null = null
  try {
    seen = localStorage.getItem(seenKey)
  } catch {}
  if (seen) setTimeout(load, 1000)
}

const script = (document.currentScript ?? document.querySelector('script[data-channel]')) as HTMLScriptElement | null
if (script) {
  if (document.body) start(script)
  else addEventListener('DOMContentLoaded', () => start(script))
}
