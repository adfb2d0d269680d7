/** Canned replies as a table: taken away to be edited elsewhere, and brought back. */
import { useRef, useState } from 'preact/hooks'
import { importCannedReplies } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { cannedWords } from '../../i18n/settings-desk.ts'
import { tell } from '../actions.ts'
import { api, base } from '../calls.ts'
import { may } from '../store.ts'
import { textOf } from './file-text.ts'
import { attempt, Card, confirmed } from './parts.tsx'
import { words } from './words.ts'

export function CannedTable({ onChange }: { onChange: () => void }) {
  const w = words(cannedWords)
  const [own, setOwn] = useState(!may('cannedreply:write'))
  const input = useRef<HTMLInputElement>(null)
  const take = async (file: File | undefined) => {
    if (!file) return
    await attempt(async () => {
      const csv = await textOf(file)
      const { created, changed, unchanged } = await importCannedReplies(api, { csv, own, dryRun: true })
      if (created + changed === 0) return tell(w.importNothing)
      const asked = {
        title: w.importTitle,
        text: fill(w.importText, { created, changed, unchanged }),
        act: w.import,
        isSafe: true,
      }
      if (!(await confirmed(asked))) return
      await importCannedReplies(api, { csv, own, dryRun: false })
      tell(fill(w.imported, { created, changed }))
      onChange()
    })
  }
  return (
    <Card title={w.table} hint={w.tableHint}>
      <div class="line">
        {may('cannedreply:write') && (
          <select
            class="narrow"
            aria-label={w.whose}
            value={own ? 'own' : 'shared'}
            onChange={({ currentTarget }) => setOwn(currentTarget.value === 'own')}
          >
            <option value="shared">{w.shared}</option>
            <option value="own">{w.own}</option>
          </select>
        )}
        <a class="button" href={new URL(`v1/canned-replies/export?own=${own}`, base).href} download>
          {w.export}
        </a>
        <input
          ref={input}
          type="file"
          accept=".csv,text/csv"
          class="unseen"
          aria-label={w.import}
          onChange={({ currentTarget }) => {
            void take(currentTarget.files?.[0])
            currentTarget.value = ''
          }}
        />
        <button type="button" onClick={() => input.current?.click()}>
          {w.import}
        </button>
      </div>
    </Card>
  )
}
