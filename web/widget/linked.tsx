/** Text in which web addresses can be followed. */
import { linkPieces } from '../parts.ts'

export function Linked({ text: whole }: { text: string }) {
  return linkPieces(whole).map(({ text, href }) =>
    href ? (
      <a href={href} target="_blank" rel="noreferrer">
        {text}
      </a>
    ) : (
      text
    ),
  )
}
