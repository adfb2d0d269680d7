/** Two records of one person: made one, and two again. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact } from '../api-agent.ts'
import { type ContactMerge, listMerges, undoMerge } from '../api-contacts.ts'
import { mergeTexts } from '../i18n/console-merge.ts'
import { fill } from '../i18n/locale.ts'
import { dateTime } from '../times.ts'
import { attempt, tell } from './actions.ts'
import { api } from './calls.ts'
import { lazy } from './lazy.tsx'
import { contactsParted } from './reduce.ts'
import { hub, locale, may, update } from './store.ts'

const MergeDialog = lazy(async () => (await import('./merge.tsx')).MergeDialog)

const words = () => mergeTexts[locale.value]

export function Merges({ contact }: { contact: Contact }) {
  const isMerging = useSignal(false)
  const merges = useSignal<readonly ContactMerge[]>([])
  const count = contact.mergedIds.length
  useEffect(() => {
    if (count > 0) {
      listMerges(api, contact.id).then(
        ({ data }) => (merges.value = data),
        () => undefined,
      )
    }
  }, [contact.id, count, contact.version])
  const undo = ({ id }: ContactMerge) =>
    attempt(async () => {
      const parted = await undoMerge(api, contact.id, id)
      update((state) => contactsParted(state, parted))
      merges.value = []
      tell(words().restored)
    }, words().problems)
  return (
    <section>
      {count > 0 && merges.value.length > 0 && <h3>{words().merges}</h3>}
      <ul class="plain">
        {count > 0 &&
          merges.value.map((merge) => (
            <li key={merge.id}>
              <time>{dateTime(locale.value, merge.mergedAt)}</time>{' '}
              {fill(words().by, { name: hub.value.members[merge.mergedBy]?.name ?? '—' })}{' '}
              {merge.undoneAt && <span class="soft">{words().undone}</span>}
              {!merge.undoneAt && may('contact:merge') && (
                <button type="button" class="small" onClick={() => void undo(merge)}>
                  {words().undo}
                </button>
              )}
            </li>
          ))}
      </ul>
      {may('contact:merge') && (
        <button type="button" class="small" onClick={() => (isMerging.value = true)}>
          {words().merge}
        </button>
      )}
      {isMerging.value && <MergeDialog contact={contact} onClose={() => (isMerging.value = false)} />}
    </section>
  )
}
