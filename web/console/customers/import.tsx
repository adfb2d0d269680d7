/** One import: what its columns are, what would come of it, how far it is, and what could not be taken. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import {
  type ContactImport,
  cancelImport,
  getImport,
  type ImportPlan,
  previewImport,
  type RowOutcome,
  startImport,
} from '../../api-contacts.ts'
import { fill } from '../../i18n/locale.ts'
import { api } from '../calls.ts'
import { contactKinds, loadContactKinds } from '../contact-changes.ts'
import { formatArea } from '../route.ts'
import { Card, confirmed, PageHead } from '../settings/parts.tsx'
import { goArea } from '../store.ts'
import { refusalOf } from '../texts.ts'
import { ImportErrors, reasonOf } from './import-errors.tsx'
import { ImportMapping } from './import-mapping.tsx'
import { resultOf } from './imports.tsx'
import { problems, words } from './words.ts'

/** How often one that runs is looked at. */
const lookMs = 1000

const isRunning = ({ state }: ContactImport) => state === 'importing' || state === 'checking' || state === 'reading'

export function ImportPage({ id }: { id: string }) {
  const found = useSignal<ContactImport | undefined>(undefined)
  const refused = useSignal('')
  const load = () =>
    getImport(api, id).then(
      (one) => {
        found.value = one
      },
      (error: unknown) => {
        refused.value = refusalOf(error, problems())
      },
    )
  useEffect(() => {
    void load()
    void loadContactKinds()
    const looking = setInterval(() => {
      if (found.peek() && isRunning(found.peek() as ContactImport)) void load()
    }, lookMs)
    return () => clearInterval(looking)
  }, [])
  const one = found.value
  const put = (changed: ContactImport) => (found.value = changed)
  return (
    <>
      <PageHead
        title={one?.name ?? words().imports}
        back={{ href: formatArea('customers', ['imports']), label: words().imports }}
      >
        {one && <span class={`standing ${one.state === 'done' ? 'is-good' : ''}`}>{words()[one.state]}</span>}
      </PageHead>
      {refused.value && <p class="warning">{refused.value}</p>}
      {one && isRunning(one) && <Progress one={one} put={put} />}
      {one && !isRunning(one) && one.processed > 0 && <Result one={one} />}
      {one?.state === 'draft' && <Draft key={one.id} one={one} put={put} />}
      {one && one.failed > 0 && !isRunning(one) && <ImportErrors key={one.version} one={one} />}
    </>
  )
}

type Put = (changed: ContactImport) => void

function Progress({ one, put }: { one: ContactImport; put: Put }) {
  const { id, processed, total, state } = one
  const stop = async () => {
    if (await confirmed({ title: words().cancelImport, text: words().cancelText, act: words().cancelImport })) {
      await cancelImport(api, id).then(put, () => undefined)
    }
  }
  return (
    <Card title={words()[state]}>
      <progress value={processed} max={Math.max(1, total)} aria-label={words()[state]} />
      <p aria-live="polite">{fill(words().progress, { done: processed, total })}</p>
      <p class="hint">{resultOf(one)}</p>
      {state !== 'reading' && (
        <div class="form-end">
          <button type="button" class="danger" onClick={() => void stop()}>
            {words().cancelImport}
          </button>
        </div>
      )}
    </Card>
  )
}

function Result({ one }: { one: ContactImport }) {
  return (
    <Card>
      {one.state === 'draft' && <p>{words().checked}</p>}
      <p>
        <strong>{resultOf(one)}</strong>
      </p>
      {one.state === 'done' && <a href={formatArea('customers')}>{words().seeCustomers}</a>}
    </Card>
  )
}

function Draft({ one, put }: { one: ContactImport; put: Put }) {
  const plan = useSignal<ImportPlan>({
    mapping: one.mapping ?? one.columns.map(({ suggestion }) => suggestion),
    onMatch: one.onMatch ?? 'update',
    tags: [...one.tags],
    groupId: one.groupId,
  })
  const outcomes = useSignal<readonly RowOutcome[] | undefined>(undefined)
  const refused = useSignal('')
  const isBusy = useSignal(false)
  const tried = async (act: () => Promise<void>) => {
    isBusy.value = true
    refused.value = ''
    await act().catch((error: unknown) => (refused.value = refusalOf(error, problems())))
    isBusy.value = false
  }
  const preview = () =>
    tried(async () => {
      outcomes.value = (await previewImport(api, one.id, plan.peek())).rows
    })
  const start = (check: boolean) =>
    tried(async () => put(await startImport(api, one.id, { ...plan.peek(), ...(check && { check }) })))
  const discard = () =>
    tried(async () => {
      await cancelImport(api, one.id)
      goArea('customers', ['imports'])
    })
  return (
    <>
      <ImportMapping
        one={one}
        plan={plan.value}
        groups={contactKinds.value.groups}
        fields={contactKinds.value.fields}
        onChange={(change) => {
          plan.value = { ...plan.peek(), ...change }
          outcomes.value = undefined
        }}
      />
      <div class="card form-end">
        {refused.value && (
          <p class="failure" role="alert">
            {refused.value}
          </p>
        )}
        <button type="button" disabled={isBusy.value} onClick={() => void preview()}>
          {words().preview}
        </button>
        <button type="button" disabled={isBusy.value} onClick={() => void start(true)}>
          {words().check}
        </button>
        <button type="button" class="primary" disabled={isBusy.value} onClick={() => void start(false)}>
          {words().start}
        </button>
        <button type="button" class="danger" disabled={isBusy.value} onClick={() => void discard()}>
          {words().discard}
        </button>
      </div>
      {outcomes.value && <Preview outcomes={outcomes.value} one={one} />}
    </>
  )
}

function Preview({ outcomes, one }: { outcomes: readonly RowOutcome[]; one: ContactImport }) {
  return (
    <div class="card table" role="status">
      <h3>{words().preview}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">{words().row}</th>
            <th scope="col">{words().outcome}</th>
            <th scope="col">{words().reason}</th>
          </tr>
        </thead>
        <tbody>
          {outcomes.map(({ row, outcome, contactId, error }) => (
            <tr key={row}>
              <td>{row}</td>
              <td>
                <span class={outcome === 'failed' ? 'tag is-bad' : 'tag is-good'}>{words()[outcome]}</span>{' '}
                {contactId && (
                  <a href={formatArea('customers', [contactId])} target="_blank" rel="noreferrer">
                    {words().customers}
                  </a>
                )}
              </td>
              <td>{error && reasonOf(error, one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
