/** What the business's own system says of who calls. */
import type { Call } from '../../api-calls.ts'
import { words } from './words.ts'

export function Known({ lookup }: { lookup: NonNullable<Call['lookup']> }) {
  const { state, title, link, fields = [], detail } = lookup
  if (state === 'unknown') return null
  if (state === 'failed') {
    return (
      <small class="soft" title={detail}>
        {words().lookupFailed}
      </small>
    )
  }
  const shown = title || words().record
  return (
    <>
      {link === undefined ? (
        <b>{shown}</b>
      ) : (
        <a href={link} target="_blank" rel="noopener noreferrer">
          {shown}
        </a>
      )}
      {fields.map(({ name, value }) => (
        <small key={name} class="soft">
          {name} {value}
        </small>
      ))}
    </>
  )
}
