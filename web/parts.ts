/** What parts of a message mean as plain text and as safe pieces. Pure: nothing here makes markup. */
import type { Part } from '../src/core/events/shapes.ts'

/** The words that stand for parts which are no text. */
export interface PartTexts {
  image: string
  audio: string
  video: string
  file: string
  sticker: string
  location: string
  contact: string
  forward: string
}

/** One part as readable text. */
export function partText(part: Part, texts: PartTexts): string {
  switch (part.type) {
    case 'text':
      return part.text
    case 'link':
      return words(part.title, part.url)
    case 'choice':
      return part.prompt
    case 'forward':
      return texts.forward
    case 'location':
      return words(texts.location, part.name ?? part.address ?? `${part.lat}, ${part.lon}`)
    case 'contact':
      return words(texts.contact, part.name)
    case 'card':
    case 'template':
    case 'unsupported':
      return part.fallback
    default:
      return words(texts[part.type], part.blob.name, part.caption ?? part.transcript)
  }
}

const words = (...all: (string | undefined)[]) => all.filter(Boolean).join(' ')

export interface Piece {
  text: string
  /** Set for what may be followed: http and https only. */
  href?: string
}

/** Splits text at web addresses. Joined again, the pieces are the text. */
export function linkPieces(text: string): Piece[] {
  // Addresses stand at odd places. Chinese characters and punctuation end one: people write no space between.
  return text
    .split(/(https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]*[\w\-~/#@$&*+=%])/i)
    .map((piece, index) => (index % 2 ? { text: piece, href: piece } : { text: piece }))
    .filter((piece) => piece.text)
}

/** For pickers that need no picture set. */
export const emojis = [...'😀😂😊😍🤔😅😭😡👍👎👏🙏🤝💪🌹🎉✅❌']
