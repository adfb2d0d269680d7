/**
 * The HTML of a mail with its pictures where they stand in it. Nothing of it goes into the page: it is read in a document of its own, which fetches
 * and runs nothing, and what is known to be harmless is drawn anew.
 */
import { type ComponentChildren, h } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Part } from '../api-agent.ts'
import { FilePart } from './file-part.tsx'
import { t } from './texts.ts'

export type MediaPart = Extract<Part, { blob: object }>
type TextPart = Extract<Part, { type: 'text' }>

const drawn = new Set([
  ...['p', 'div', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'pre', 'code', 'b', 'strong', 'i', 'em', 'u', 's'],
  ...['sub', 'sup', 'small', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
  ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption'],
])
const silent = new Set(['script', 'style', 'title', 'template', 'noscript', 'iframe', 'object', 'textarea', 'select'])

export function MailBody({ part, files }: { part: TextPart; files: readonly MediaPart[] }) {
  const { text, html = '', quotedFrom } = part
  const body = useMemo(() => new DOMParser().parseFromString(html, 'text/html').body, [html])
  const [quotedLine = ''] = quotedFrom === undefined ? [] : text.slice(quotedFrom).trimStart().split('\n')
  const quote = beginningOf(quotedLine)
  const left = new Set(files)
  let isFolded = false

  const folded = (draw: () => ComponentChildren) => {
    if (isFolded) return draw()
    isFolded = true
    const inner = draw()
    isFolded = false
    return (
      <details class="quoted">
        <summary>{t().quoted}</summary>
        {inner}
      </details>
    )
  }

  /** From where the text says that it quotes, which many mail programs do not mark in their HTML. */
  const drawAll = ({ childNodes }: Node): ComponentChildren => {
    const nodes = [...childNodes]
    const isQuote = (node: Node) => beginningOf(node.textContent ?? '').startsWith(quote)
    const at = quote === '' ? -1 : nodes.findIndex(isQuote)
    if (at < 0) return nodes.map(draw)
    return [...nodes.slice(0, at).map(draw), folded(() => nodes.slice(at).map(draw))]
  }

  const draw = (node: Node): ComponentChildren => {
    if (node.nodeType === Node.TEXT_NODE) return node.nodeValue
    if (!(node instanceof Element) || silent.has(node.localName)) return null
    const name = node.localName
    if (name === 'img') {
      const file = files.find(({ blob }) => node.getAttribute('src') === `cid:${blob.contentId}`)
      if (file === undefined) return node.getAttribute('alt')
      left.delete(file)
      return <FilePart part={file} />
    }
    if (name === 'blockquote') return folded(() => drawAll(node))
    const inner = drawAll(node)
    if (name === 'a') {
      const href = node.getAttribute('href') ?? ''
      // A picture leads to its file.
      if (!/^(?:https?:\/\/|mailto:|tel:)/i.test(href) || node.querySelector('img')) return inner
      return (
        <a href={href} target="_blank" rel="noreferrer">
          {inner}
        </a>
      )
    }
    if (!drawn.has(name)) return inner
    return h(name, { colSpan: spanOf(node, 'colspan'), rowSpan: spanOf(node, 'rowspan') }, inner)
  }

  const words = drawAll(body)
  return (
    <div class="mail">
      {words}
      {[...left].map((file) => (
        <FilePart key={file.blob.fileId} part={file} />
      ))}
    </div>
  )
}

/** Enough of it to know it again: as text and as HTML it has other spaces and signs between. */
const beginningOf = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '').slice(0, 24)

function spanOf(element: Element, name: string): number | undefined {
  const span = Number(element.getAttribute(name))
  return span > 1 && span <= 100 ? span : undefined
}
