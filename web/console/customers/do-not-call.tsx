/** Numbers that want no calls (免打扰): searched, added by hand or from a list, and let go. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { asProblem } from '../../api.ts'
import { type BarredNumber, barNumbers, listBarredNumbers, unbarNumber } from '../../api-calls.ts'
import { fill } from '../../i18n/locale.ts'
import { dateTime } from '../../times.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { More } from '../more.tsx'
import { textOf } from '../settings/file-text.ts'
import { attempt, Card, PageHead } from '../settings/parts.tsx'
import { locale, may } from '../store.ts'
import { refusalOf } from '../texts.ts'
import { type GivenNumber, numbersGiven } from './numbers-given.ts'
import { problems, words } from './words.ts'

/** The most that the hub takes at once. */
const atOnce = 1000

export function DoNotCallPage() {
  const sought = useSignal('')
  const shown = useSignal<{ numbers: readonly BarredNumber[]; next: string | null } | undefined>(undefined)
  const refused = useSignal('')
  const load = async (cursor?: string) => {
    const number = sought.peek()
    try {
      const { data, nextCursor } = await listBarredNumbers(api, number, cursor)
      if (number !== sought.peek()) return
      shown.value = { numbers: cursor ? [...(shown.peek()?.numbers ?? []), ...data] : data, next: nextCursor }
      refused.value = ''
    } catch (error) {
      refused.value = refusalOf(error, problems())
    }
  }
  useEffect(() => void load(), [sought.value])
  return (
    <>
      <PageHead title={words().doNotCall} hint={words().doNotCallHint} />
      {may('contact:block') && <AddNumbers onDone={load} />}
      <Card title={words().barredNumbers}>
        <div class="field">
          <input
            type="search"
            aria-label={words().searchNumber}
            placeholder={words().searchNumber}
            onInput={({ currentTarget }) => {
              sought.value = currentTarget.value.replace(/[^+0-9]/g, '').slice(0, 20)
            }}
          />
        </div>
        {refused.value && (
          <p class="failure" role="alert">
            {refused.value}
          </p>
        )}
        {shown.value?.numbers.length === 0 && <p class="hint">{words().noNumbers}</p>}
        <ul class="lines">
          {shown.value?.numbers.map((barred) => (
            <NumberLine key={barred.number} barred={barred} onChange={load} />
          ))}
        </ul>
        <More next={shown.value?.next} load={load} />
      </Card>
    </>
  )
}

function NumberLine({
  barred: { number, reason, createdAt },
  onChange,
}: {
  barred: BarredNumber
  onChange: () => Promise<void>
}) {
  const letGo = async () => {
    await attempt(() => unbarNumber(api, number), words().letGo)
    await onChange()
  }
  return (
    <li class="line">
      <span class="row-text">
        <strong>{number}</strong>
        <small>{[reason, dateTime(locale.value, createdAt)].filter(Boolean).join(' · ')}</small>
      </span>
      {may('contact:block') && (
        <button type="button" aria-label={`${words().remove} ${number}`} onClick={() => void letGo()}>
          {words().remove}
        </button>
      )}
    </li>
  )
}

function AddNumbers({ onDone }: { onDone: () => Promise<void> }) {
  const text = useSignal('')
  const refused = useSignal('')
  const isBusy = useSignal(false)
  const file = useRef<HTMLInputElement>(null)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const reason = String(new FormData(form).get('reason') ?? '').trim()
    const given = numbersGiven(text.peek())
    if (given.length === 0) {
      refused.value = words().noneGiven
      return
    }
    isBusy.value = true
    try {
      const added = await barAll(given, reason)
      tell(fill(words().added, { count: added, known: given.length - added }))
      refused.value = ''
      text.value = ''
      form.reset()
    } catch (error) {
      refused.value = error instanceof WrongLines ? error.message : refusalOf(error, problems())
    }
    isBusy.value = false
    await onDone()
  }
  return (
    <Card title={words().addNumbers} hint={words().addNumbersHint}>
      <form onSubmit={submit} aria-label={words().addNumbers}>
        <div class="field">
          <textarea
            rows={5}
            required
            aria-label={words().oneALine}
            placeholder={words().oneALine}
            value={text.value}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          />
        </div>
        <div class="line">
          <input
            ref={file}
            type="file"
            accept=".csv,.txt,text/csv,text/plain"
            class="unseen"
            aria-label={words().fromFile}
            tabIndex={-1}
            onChange={async ({ currentTarget }) => {
              const chosen = currentTarget.files?.[0]
              if (chosen) text.value = await textOf(chosen)
              if (file.current) file.current.value = ''
            }}
          />
          <button type="button" onClick={() => file.current?.click()}>
            {words().fromFile}
          </button>
          <input name="reason" maxLength={500} aria-label={words().reason} placeholder={words().reason} />
          <button type="submit" class="primary" disabled={isBusy.value}>
            {words().add}
          </button>
        </div>
        {refused.value && (
          <p class="failure" role="alert">
            {refused.value}
          </p>
        )}
      </form>
    </Card>
  )
}

/** Which lines are no numbers, in our words. */
class WrongLines extends Error {}

/** Part after part; the one with a line that is no number is not taken, nor are those after it. Answers with how many are new. */
async function barAll(given: readonly GivenNumber[], reason: string): Promise<number> {
  let added = 0
  for (let from = 0; from < given.length; from += atOnce) {
    const part = given.slice(from, from + atOnce)
    try {
      added += (
        await barNumbers(
          api,
          part.map(({ number }) => number),
          reason,
        )
      ).added
    } catch (error) {
      const { code, errors } = asProblem(error)
      const lines = errors.flatMap(({ pointer }) => part[Number(/^\/numbers\/(\d+)/.exec(pointer)?.[1])]?.line ?? [])
      if (lines.length === 0 || (code !== 'number-malformed' && code !== 'request-invalid')) throw error
      throw new WrongLines(fill(words().wrongLines, { lines: lines.slice(0, 20).join(', ') }))
    }
  }
  return added
}
