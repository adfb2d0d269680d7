/** What was attempted at an endpoint, with what it answered; trying it out, and having it told again. */
import { useState } from 'preact/hooks'
import {
  getWebhookWaiting,
  listWebhookAttempts,
  recoverWebhook,
  resendWebhookEvent,
  type Tried,
  testWebhook,
  type WebhookAttempt,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { webhookWords } from '../../i18n/settings-programs.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { locale } from '../store.ts'
import { attempt, Card, Show, useLoaded } from './parts.tsx'
import { moment } from './times.ts'
import { words } from './words.ts'

export function TestWebhook({ id }: { id: string }) {
  const w = words(webhookWords)
  const [tried, setTried] = useState<Tried>()
  const [busy, setBusy] = useState(false)
  const test = async () => {
    setBusy(true)
    await attempt(async () => setTried(await testWebhook(api, id)))
    setBusy(false)
  }
  return (
    <Card title={w.test}>
      <div role="status">{tried && <Outcome tried={tried} />}</div>
      <button type="button" disabled={busy} onClick={() => void test()}>
        {busy ? w.testing : w.test}
      </button>
    </Card>
  )
}

function Outcome({ tried }: { tried: Tried }) {
  const w = words(webhookWords)
  return (
    <div class="outcome">
      <p>
        <span class={`standing ${tried.succeeded ? 'is-good' : 'is-bad'}`}>
          {tried.succeeded ? w.succeeded : w.failed}
        </span>{' '}
        {tried.status ?? w.noAnswer} {tried.error}
      </p>
      <p class="hint">{w.request}</p>
      <pre>{`webhook-id: ${tried.eventId}\nPOST ${tried.type}`}</pre>
      <p class="hint">{w.response}</p>
      <pre>{tried.response || '—'}</pre>
    </div>
  )
}

export function Attempts({ id }: { id: string }) {
  const w = words(webhookWords)
  const s = words(settingsWords)
  const [onlyFailed, setOnlyFailed] = useState(false)
  const filter = onlyFailed ? { succeeded: false } : {}
  const waiting = useLoaded(() => getWebhookWaiting(api, id), id)
  const loaded = useLoaded(() => listWebhookAttempts(api, id, filter), `${id} ${onlyFailed}`)
  const more = async (shown: { data: WebhookAttempt[]; nextCursor: string | null }) => {
    await attempt(async () => {
      const next = await listWebhookAttempts(api, id, { ...filter, cursor: shown.nextCursor ?? '' })
      loaded.put({ ...next, data: [...shown.data, ...next.data] })
    })
  }
  return (
    <Card title={w.attempts} hint={w.attemptsHint}>
      {waiting.data && <p>{fill(w.waiting, waiting.data)}</p>}
      <label class="tick">
        <input
          type="checkbox"
          checked={onlyFailed}
          onChange={({ currentTarget }) => setOnlyFailed(currentTarget.checked)}
        />
        {w.onlyFailed}
      </label>
      <Show of={loaded}>
        {(shown) => (
          <>
            {shown.data.length === 0 && <p class="hint">{w.noAttempts}</p>}
            {shown.data.map((one) => (
              <details key={one.id} class="attempt">
                <summary>
                  <span class={`standing ${one.succeeded ? 'is-good' : 'is-bad'}`}>{one.status ?? w.failed}</span>
                  <strong>{one.type}</strong>
                  <small>
                    {fill(w.tried, { number: one.number, time: moment(locale.value, one.at), ms: one.durationMs })}
                  </small>
                </summary>
                <Outcome tried={one} />
                <button
                  type="button"
                  onClick={() => void attempt(() => resendWebhookEvent(api, id, one.eventId), w.resent)}
                >
                  {w.resend}
                </button>
              </details>
            ))}
            {shown.nextCursor && (
              <button type="button" onClick={() => void more(shown)}>
                {s.more}
              </button>
            )}
          </>
        )}
      </Show>
    </Card>
  )
}

export function Recover({ id }: { id: string }) {
  const w = words(webhookWords)
  const [all, setAll] = useState(false)
  const [since, setSince] = useState('')
  const recover = async () => {
    await attempt(async () => {
      const { events } = await recoverWebhook(api, id, { since: new Date(since).toISOString(), all })
      tell(fill(w.recovered, { count: events }))
    })
  }
  return (
    <Card title={w.recover} hint={w.recoverHint}>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault()
          void recover()
        }}
      >
        <input
          type="datetime-local"
          class="narrow"
          aria-label={w.since}
          required
          value={since}
          onInput={({ currentTarget }) => setSince(currentTarget.value)}
        />
        <label>
          <input type="checkbox" checked={all} onChange={({ currentTarget }) => setAll(currentTarget.checked)} />
          {w.recoverAll}
        </label>
        <button type="submit">{w.recover}</button>
      </form>
    </Card>
  )
}
