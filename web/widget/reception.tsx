/**
 * For whom nobody answers at once: the place in line, the hours, a form for who can be reached, and at the end the score. Comes with
 * more.tsx, once a session has begun; its looks are set piece by piece, so that no further style sheet has to come.
 */
import type { Part } from '../../src/core/events/shapes.ts'
import { asProblem, openApi } from '../api.ts'
import { fill, type Locale } from '../i18n/locale.ts'
import { receptionTexts } from '../i18n/widget-reception.ts'
import type { Hello } from '../loader/messages.ts'
import type { WidgetState } from './state.ts'

export interface Ground {
  base: string
  locale: Locale
  hello: Pick<Hello, 'channelId' | 'page'>
  token(): string | undefined
  send(parts: Part[]): boolean
  redraw(): void
}

interface Asked {
  id: string
  scale: number
  offeredTags: string[]
}

interface Reception {
  open: boolean
  opensAt: string | null
  onDuty: boolean
  place: number | null
  satisfaction: Asked | null
}

/** How often those who wait are told anew, and those who find nobody. */
const waitingMs = 15_000
const awayMs = 60_000
/** What changes at once is asked about once. */
const soonMs = 500

let ground: Ground
let known: Reception | undefined
let again: ReturnType<typeof setTimeout> | undefined
let seen: WidgetState | undefined
let told = ''
/** Whether the visitor has said how to reach them. */
let isReachable = false
/** The request that was answered last, and how many messages there were then: they are thanked until somebody speaks. */
let answered: { id: string; messages: number } | undefined
let hasFailed = false

/** To be called once, before all else. */
export function settle(given: Ground): void {
  ground = given
}

/** Asks the hub how things stand, and again while that may change by itself and the visitor has the chat before them. */
async function look(): Promise<void> {
  again = undefined
  if (!seen?.open) return
  const api = openApi({ base: ground.base, token: ground.token })
  try {
    known = await api<Reception>('GET', 'visitor/reception')
    ground.redraw()
  } catch {
    // Without an answer nothing is shown; asked again with the next news, or below.
  }
  const pause = known?.place ? waitingMs : known && !(known.open && known.onDuty) ? awayMs : 0
  if (pause) again ??= setTimeout(look, pause)
}

/** Asks anew soon after something changed; of one who is being served, only when they said something, or it is over. */
function follow(state: WidgetState): void {
  if (state === seen) return
  seen = state
  const served = state.agent && !state.ended
  const place = [state.open, state.messages.length, served, state.asked].join()
  if (served && place === told) return
  told = place
  clearTimeout(again)
  again = setTimeout(look, soonMs)
}

const block = { padding: '8px 18px', borderTop: '1px solid var(--line)', fontSize: '14px' }
const row = { display: 'flex', flexWrap: 'wrap', gap: '6px', margin: '6px 0', padding: 0, border: 0 }
const pill = {
  display: 'inline-flex',
  alignItems: 'center',
  gap: '4px',
  minHeight: '36px',
  padding: '0 10px',
  border: '1px solid var(--soft)',
  borderRadius: '8px',
}
const field = { ...pill, flex: '1 1 120px', minWidth: 0, background: 'none', color: 'inherit', font: 'inherit' }
const action = { ...pill, background: 'var(--accent)', color: '#fff', border: 0 }

/** What stands between the conversation and the line to write in. */
export function Care(state: WidgetState) {
  follow(state)
  if (!known) return null
  const { satisfaction } = known
  if (satisfaction && satisfaction.id !== answered?.id) return <Score asked={satisfaction} />
  if (answered?.messages === state.messages.length) return <Line text={receptionTexts[ground.locale].thanks} />
  if (state.agent && !state.ended) return null
  const place = placeText(state, known.place)
  if (known.open && known.onDuty) return place ? <Line text={place} /> : null
  return <Away reception={known} place={place} />
}

/** Where the visitor stands: as the stream last said, with how long it will be, else as the hub answered. */
function placeText({ standing }: WidgetState, place: number | null): string {
  const texts = receptionTexts[ground.locale]
  const { position, estimate } = standing ?? { position: place, estimate: null }
  if (!position) return ''
  const minutes = (seconds: number) => Math.max(1, Math.ceil(seconds / 60))
  if (!estimate) return fill(texts.place, { place: position })
  return fill(texts.placeFor, {
    place: position,
    low: minutes(estimate.lowSeconds),
    high: minutes(estimate.highSeconds),
  })
}

function Line({ text }: { text: string }) {
  return (
    <p style={block} role="status">
      {text}
    </p>
  )
}

function Away({ reception: { open, opensAt }, place }: { reception: Reception; place: string }) {
  const texts = receptionTexts[ground.locale]
  const time =
    opensAt &&
    new Intl.DateTimeFormat(ground.locale, { dateStyle: 'medium', timeStyle: 'short' }).format(Date.parse(opensAt))
  return (
    <div style={block} class="away">
      <p role="status">
        {open ? texts.nobody : texts.closed} {!open && time && fill(texts.opens, { time })}
        {open && place}
      </p>
      {!isReachable && (
        <form onSubmit={leave}>
          <fieldset style={row}>
            <legend>{texts.leave}</legend>
            <input
              style={field}
              name="name"
              maxLength={100}
              autocomplete="name"
              aria-label={texts.name}
              placeholder={texts.name}
            />
            <input
              style={field}
              name="phone"
              type="tel"
              maxLength={32}
              autocomplete="tel"
              aria-label={texts.phone}
              placeholder={texts.phone}
            />
            <input
              style={field}
              name="email"
              type="email"
              maxLength={254}
              autocomplete="email"
              aria-label={texts.email}
              placeholder={texts.email}
            />
            <button type="submit" style={action}>
              {texts.submit}
            </button>
          </fieldset>
        </form>
      )}
    </div>
  )
}

/** Says how to reach the visitor, as a message that everybody who reads the conversation sees, and as claims on their record. */
function leave(event: SubmitEvent): void {
  event.preventDefault()
  const texts = receptionTexts[ground.locale]
  const form = new FormData(event.currentTarget as HTMLFormElement)
  const given = (['name', 'phone', 'email'] as const).flatMap((name) => {
    const value = String(form.get(name) ?? '').trim()
    return value ? [{ name, value }] : []
  })
  if (given.length === 0) return
  isReachable = true
  const { base, locale, hello } = ground
  const token = ground.token()
  const said = {
    page: hello.page,
    language: locale,
    ...Object.fromEntries(given.map(({ name, value }) => [name, value])),
  }
  const text = given.map(({ name, value }) => `${texts[name]}: ${value}`).join('\n')
  openApi({ base })('POST', 'visitor/sessions', {
    body: { channelId: hello.channelId, claims: said, ...(token && { token }) },
  })
    .catch(() => {})
    .then(() => ground.send([{ type: 'text', text }]))
  ground.redraw()
}

function Score({ asked: { id, scale, offeredTags } }: { asked: Asked }) {
  const texts = receptionTexts[ground.locale]
  return (
    <form style={block} class="score" onSubmit={(event) => void score(event, id)}>
      <fieldset style={row}>
        <legend>{texts.question}</legend>
        {Array.from({ length: scale }, (_, index) => index + 1).map((value) => (
          <label key={value} style={pill}>
            <input type="radio" name="score" value={value} required /> {value}
          </label>
        ))}
      </fieldset>
      <p>{`1: ${texts.worst} · ${scale}: ${texts.best}`}</p>
      {offeredTags.length > 0 && (
        <fieldset style={row}>
          <legend>{texts.tags}</legend>
          {offeredTags.map((tag) => (
            <label key={tag} style={pill}>
              <input type="checkbox" name="tag" value={tag} /> {tag}
            </label>
          ))}
        </fieldset>
      )}
      <div style={row}>
        <input style={field} name="comment" maxLength={2000} aria-label={texts.comment} placeholder={texts.comment} />
        <button type="submit" style={action}>
          {texts.submit}
        </button>
      </div>
      {hasFailed && <p role="alert">{texts.failed}</p>}
    </form>
  )
}

async function score(event: SubmitEvent, id: string): Promise<void> {
  event.preventDefault()
  const form = new FormData(event.currentTarget as HTMLFormElement)
  const comment = String(form.get('comment') ?? '').trim()
  const body = {
    id,
    score: Number(form.get('score')),
    tags: form.getAll('tag').map(String),
    ...(comment && { comment }),
  }
  try {
    await openApi({ base: ground.base, token: ground.token })('POST', 'visitor/satisfaction', { body })
    hasFailed = false
  } catch (error) {
    // Answered already, in another window or by a link: that is what was wanted.
    hasFailed = asProblem(error).status !== 409
  }
  if (!hasFailed) answered = { id, messages: seen?.messages.length ?? 0 }
  ground.redraw()
}
