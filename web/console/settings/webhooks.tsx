/** Webhooks: endpoints and what they are told. */
import { useState } from 'preact/hooks'
import {
  createWebhook,
  listWebhooks,
  removeWebhook,
  rotateWebhookSecret,
  setWebhookActive,
  updateWebhook,
  type WebhookDraft,
  type WebhookEndpoint,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { webhookWords } from '../../i18n/settings-programs.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { locale } from '../store.ts'
import { CheckField, ChecksField, FormEnd, TextField } from './controls.tsx'
import { type Form, useForm } from './form.ts'
import { attempt, confirmed, Empty, PageHead, SecretOnce, Show, useLoaded } from './parts.tsx'
import { goTo } from './place.ts'
import { moment } from './times.ts'
import { Attempts, Recover, TestWebhook } from './webhook-attempts.tsx'
import { words } from './words.ts'

/** Nouns of the catalogue, each with all its events. */
const families = [
  'conversation.*',
  'message.*',
  'contact.*',
  'ticket.*',
  'offer.*',
  'presence.*',
  'channel.*',
  'group.*',
  'member.*',
] as const

export function WebhooksPage({ path: [id] }: { path: readonly string[] }) {
  const w = words(webhookWords)
  const loaded = useLoaded(() => everyPage((cursor) => listWebhooks(api, cursor)))
  const [secret, setSecret] = useState<string>()
  return (
    <>
      <Show of={loaded}>
        {(endpoints) => {
          const endpoint = endpoints.find((one) => one.id === id)
          if (id === 'new') {
            return (
              <NewEndpoint
                onMade={(made) => {
                  setSecret(made.secret)
                  loaded.put([...endpoints, made.endpoint])
                  goTo(`webhooks/${made.endpoint.id}`)
                }}
              />
            )
          }
          if (!endpoint) return <EndpointList endpoints={endpoints} />
          return (
            <EndpointPage
              key={endpoint.id}
              endpoint={endpoint}
              onSecret={setSecret}
              onChange={(changed) => loaded.put(endpoints.map((one) => (one.id === changed.id ? changed : one)))}
              onGone={() => {
                loaded.put(endpoints.filter((one) => one.id !== endpoint.id))
                goTo('webhooks')
              }}
            />
          )
        }}
      </Show>
      {secret && <SecretOnce title={w.secret} hint={w.secretHint} text={secret} onClose={() => setSecret(undefined)} />}
    </>
  )
}

function EndpointList({ endpoints }: { endpoints: readonly WebhookEndpoint[] }) {
  const w = words(webhookWords)
  return (
    <>
      <PageHead title={w.webhooks} hint={w.webhooksHint}>
        <a class="button primary" href="#/settings/webhooks/new">
          {w.add}
        </a>
      </PageHead>
      {endpoints.length === 0 && <Empty title={w.empty} />}
      <ul class="rows">
        {endpoints.map((endpoint) => (
          <li key={endpoint.id}>
            <a class="row-link" href={`#/settings/webhooks/${endpoint.id}`}>
              <span class="row-text">
                <strong>{endpoint.description || endpoint.url}</strong>
                <small>
                  {endpoint.description && `${endpoint.url} · `}
                  {endpoint.events?.join(' ') ?? w.allEvents}
                </small>
              </span>
              <EndpointState endpoint={endpoint} />
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

function EndpointState({ endpoint: { state, stateReason, failingSince } }: { endpoint: WebhookEndpoint }) {
  const w = words(webhookWords)
  if (state === 'active') {
    return failingSince ? (
      <span class="standing is-warned">{fill(w.failingSince, { time: moment(locale.value, failingSince) })}</span>
    ) : (
      <span class="standing is-good">{w.active}</span>
    )
  }
  const why = stateReason === 'failing' || stateReason === 'gone' ? w[stateReason] : w[state]
  return <span class={`standing ${state === 'disabled' ? 'is-bad' : ''}`}>{why}</span>
}

const emptyDraft: WebhookDraft = { url: '', description: '', events: null, ordered: false }

function EndpointFields({ form }: { form: Form<WebhookDraft> }) {
  const w = words(webhookWords)
  const chosen = form.value.events
  const choices = [...new Set([...families, ...(chosen ?? [])])]
  return (
    <>
      <TextField form={form} at="/url" label={w.url} type="url" required placeholder="https://crm.example/hooks" />
      <TextField form={form} at="/description" label={w.description} maxLength={500} />
      <fieldset class="field">
        <legend>{w.events}</legend>
        {([true, false] as const).map((all) => (
          <label class="tick" key={String(all)}>
            <input
              type="radio"
              name="events"
              checked={(chosen === null) === all}
              onChange={() => form.write('/events', all ? null : ['conversation.*', 'message.*'])}
            />
            {all ? w.allEvents : w.someEvents}
          </label>
        ))}
      </fieldset>
      {chosen !== null && (
        <ChecksField form={form} at="/events" label={w.someEvents} choices={choices.map((name) => [name, name])} />
      )}
      <CheckField form={form} at="/ordered" label={w.ordered} />
    </>
  )
}

function NewEndpoint({ onMade }: { onMade: (made: { endpoint: WebhookEndpoint; secret: string }) => void }) {
  const w = words(webhookWords)
  const s = words(settingsWords)
  const form = useForm(emptyDraft)
  return (
    <>
      <PageHead title={w.add} back={{ href: '#/settings/webhooks', label: w.webhooks }} />
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(async (draft) => onMade(await createWebhook(api, draft)))
        }}
      >
        <EndpointFields form={form} />
        <FormEnd form={form} label={s.add} onCancel={() => goTo('webhooks')} />
      </form>
    </>
  )
}

interface EndpointPageProps {
  endpoint: WebhookEndpoint
  onSecret: (secret: string) => void
  onChange: (endpoint: WebhookEndpoint) => void
  onGone: () => void
}

const draftOf = ({ url, description, events, ordered }: WebhookEndpoint): WebhookDraft => ({
  url,
  description,
  events,
  ordered,
})

function EndpointPage({ endpoint, onSecret, onChange, onGone }: EndpointPageProps) {
  const w = words(webhookWords)
  const s = words(settingsWords)
  const form = useForm(draftOf(endpoint))
  const isActive = endpoint.state === 'active'
  const rotate = async () => {
    if (!(await confirmed({ title: w.rotateTitle, text: w.rotateText, act: w.rotate }))) return
    await attempt(async () => {
      const rotated = await rotateWebhookSecret(api, endpoint.id)
      onChange(rotated.endpoint)
      onSecret(rotated.secret)
    })
  }
  const remove = async () => {
    if (!(await confirmed({ title: w.removeTitle, text: w.removeText, act: s.remove }))) return
    if (await attempt(() => removeWebhook(api, endpoint), s.removed)) onGone()
  }
  return (
    <>
      <PageHead title={endpoint.description || endpoint.url} back={{ href: '#/settings/webhooks', label: w.webhooks }}>
        <EndpointState endpoint={endpoint} />
        <button
          type="button"
          onClick={() => void attempt(async () => onChange(await setWebhookActive(api, endpoint.id, !isActive)))}
        >
          {isActive ? w.pause : w.resume}
        </button>
        <button type="button" onClick={() => void rotate()}>
          {w.rotate}
        </button>
        <button type="button" class="danger" onClick={() => void remove()}>
          {s.remove}
        </button>
      </PageHead>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(async (draft) => {
            const changed = await updateWebhook(api, endpoint, draft)
            onChange(changed)
            form.reset(draftOf(changed))
            tell(s.saved)
          })
        }}
      >
        <h3>{w.settings}</h3>
        <EndpointFields form={form} />
        <FormEnd form={form} />
      </form>
      <TestWebhook id={endpoint.id} />
      <Attempts id={endpoint.id} />
      <Recover id={endpoint.id} />
    </>
  )
}
