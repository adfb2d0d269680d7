/** The rows of an import that could not be taken, with the reasons; to be saved, mended and uploaded again. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type ContactImport, type ImportError, listImportErrors } from '../../api-contacts.ts'
import { fill } from '../../i18n/locale.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { csvOf, saveTable } from '../csv.ts'
import { More } from '../more.tsx'
import { refusalOf } from '../texts.ts'
import { problems, words } from './words.ts'

/** In words, with the column that it is about. */
export function reasonOf(error: Pick<ImportError, 'code' | 'detail' | 'column'>, one: ContactImport): string {
  const column = error.column === null ? '' : (one.columns[error.column]?.name ?? '')
  return [column, problems()[error.code] ?? error.detail].filter(Boolean).join('：')
}

export function ImportErrors({ one }: { one: ContactImport }) {
  const page = useSignal<{ all: readonly ImportError[]; next: string | null }>({ all: [], next: null })
  const isBusy = useSignal(false)
  const load = (cursor?: string) =>
    listImportErrors(api, one.id, cursor).then(
      ({ data, nextCursor }) => {
        page.value = { all: cursor ? [...page.peek().all, ...data] : data, next: nextCursor }
      },
      (error: unknown) => tell(refusalOf(error, problems()), 'error'),
    )
  useEffect(() => void load(), [])
  const save = async () => {
    isBusy.value = true
    try {
      const rows: string[][] = []
      let cursor: string | undefined
      do {
        const { data, nextCursor } = await listImportErrors(api, one.id, cursor)
        rows.push(...data.map((error) => [...error.cells, reasonOf(error, one)]))
        cursor = nextCursor ?? undefined
      } while (cursor)
      saveTable('customers-to-mend.csv', csvOf([[...one.columns.map(({ name }) => name), words().reason], ...rows]))
      tell(fill(words().savedErrors, { count: rows.length }))
    } catch (error) {
      tell(refusalOf(error, problems()), 'error')
    }
    isBusy.value = false
  }
  const { all, next } = page.value
  const { failed, errorsKept } = one
  return (
    <div class="card table">
      <h3>{words().wrongRows}</h3>
      {failed > errorsKept && <p class="warning">{fill(words().someErrors, { failed, kept: errorsKept })}</p>}
      <p class="hint">{words().goFix}</p>
      <p>
        <button type="button" disabled={isBusy.value} onClick={() => void save()}>
          {words().saveErrors}
        </button>
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">{words().row}</th>
            <th scope="col">{words().reason}</th>
            <th scope="col">{words().contents}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((error) => (
            <tr key={error.row}>
              <td>{error.row}</td>
              <td>{reasonOf(error, one)}</td>
              <td class="is-long">{error.cells.filter(Boolean).join(' · ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <More next={next} load={load} />
    </div>
  )
}
