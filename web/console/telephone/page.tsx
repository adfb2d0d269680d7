/** Calls (通话): a box to dial from, and the log with its recordings. What is asked for stands in the address. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Message } from '../../api-agent.ts'
import { type Call, type CallFilter, dialCall, listCalls, playRecording } from '../../api-calls.ts'
import { onHub } from '../../api-files.ts'
import { type Channel, listChannels } from '../../api-settings.ts'
import { dateTime } from '../../times.ts'
import { api, base } from '../calls.ts'
import { everyPage, onFrames } from '../connection.ts'
import { More } from '../more.tsx'
import { formatRoute } from '../route.ts'
import { goArea, hub, locale, may, route } from '../store.ts'
import { refusalOf } from '../texts.ts'
import { nameOfAsked } from './consult.tsx'
import { lengthText, otherSide, stateText, words } from './words.ts'

type Query = Readonly<Record<string, string>>

function filterOf({ number = '', which = '' }: Query): CallFilter {
  const digits = number.replace(/[^+0-9]/g, '')
  return {
    ...(digits && { number: digits }),
    ...(which === 'live' && { live: true }),
    ...((which === 'in' || which === 'out') && { direction: which }),
  }
}

export function CallsPage() {
  const { query } = route.value
  const page = useSignal<{ calls: readonly Call[]; next: string | null } | undefined>(undefined)
  const refused = useSignal('')
  const asked = JSON.stringify(query)
  const load = async (cursor?: string) => {
    try {
      const { data, nextCursor } = await listCalls(api, filterOf(query), cursor)
      if (asked !== JSON.stringify(route.peek().query)) return
      page.value = { calls: cursor ? [...(page.peek()?.calls ?? []), ...data] : data, next: nextCursor }
      refused.value = ''
    } catch (error) {
      refused.value = refusalOf(error)
    }
  }
  useEffect(() => {
    page.value = undefined
    void load()
    return onFrames(({ type, data }) => {
      const { call, message } = (data ?? {}) as { call?: Call; message?: Message }
      const shown = page.peek()
      if (type === 'message.updated' && message && shown) {
        page.value = { ...shown, calls: shown.calls.map((one) => withTranscripts(one, message)) }
      }
      if (call === undefined || shown === undefined || !type.startsWith('call.')) return
      const isKnown = shown.calls.some(({ id }) => id === call.id)
      if (isKnown) page.value = { ...shown, calls: shown.calls.map((one) => (one.id === call.id ? call : one)) }
      else void load()
    })
  }, [asked])
  const put = (name: string, value: string) => goArea('calls', [], { ...route.peek().query, [name]: value })
  return (
    <main class="wide-pane monitor">
      <h2>{words().calls}</h2>
      {may('call:dial') && <DialBox />}
      <div class="asking">
        <input
          type="search"
          aria-label={words().search}
          placeholder={words().search}
          defaultValue={query.number ?? ''}
          onChange={({ currentTarget }) => put('number', currentTarget.value)}
        />
        <select aria-label={words().every} onChange={({ currentTarget }) => put('which', currentTarget.value)}>
          {(['every', 'in', 'out', 'live'] as const).map((which) => (
            <option key={which} value={which === 'every' ? '' : which} selected={which === (query.which || 'every')}>
              {words()[which]}
            </option>
          ))}
        </select>
      </div>
      {refused.value && <p class="warning">{refused.value}</p>}
      {page.value?.calls.length === 0 && <p class="empty">{words().none}</p>}
      <ul class="plain">
        {page.value?.calls.map((call) => (
          <Logged key={call.id} call={call} />
        ))}
      </ul>
      <More next={page.value?.next} load={load} />
    </main>
  )
}

function DialBox() {
  const lines = useSignal<readonly Channel[]>([])
  const refused = useSignal('')
  const isBusy = useSignal(false)
  useEffect(() => {
    everyPage((cursor) => listChannels(api, cursor)).then(
      (all) => (lines.value = all.filter(({ kind, enabled }) => kind === 'sip' && enabled)),
      (error: unknown) => (refused.value = refusalOf(error)),
    )
  }, [])
  const dial = async (form: HTMLFormElement) => {
    const given = new FormData(form)
    const channelId = String(given.get('channel') ?? lines.peek()[0]?.id ?? '')
    isBusy.value = true
    try {
      await dialCall(api, channelId, String(given.get('number') ?? '').trim())
      refused.value = ''
      form.reset()
    } catch (error) {
      refused.value = refusalOf(error)
    } finally {
      isBusy.value = false
    }
  }
  if (lines.value.length === 0) return <p class="empty">{words().noLine}</p>
  return (
    <form
      class="asking"
      onSubmit={(event) => {
        event.preventDefault()
        void dial(event.currentTarget)
      }}
    >
      {lines.value.length > 1 && (
        <select name="channel" aria-label={words().channel}>
          {lines.value.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
      <input
        name="number"
        type="tel"
        aria-label={words().number}
        placeholder={words().number}
        maxLength={40}
        required
      />
      <button type="submit" disabled={isBusy.value}>
        {words().call}
      </button>
      <small class="soft">{words().dialHint}</small>
      {refused.value && <p class="warning">{refused.value}</p>}
    </form>
  )
}

function Logged({ call }: { call: Call }) {
  const {
    conversationId,
    direction,
    region,
    agentId,
    startedAt,
    waitMs,
    talkMs,
    wrapUpMs = 0,
    score,
    recordings,
    consults = [],
  } = call
  const whose = [
    call.lookup?.title,
    region,
    agentId === null ? undefined : hub.value.members[agentId]?.name,
    waitMs >= 1000 && `${words().waited} ${lengthText(waitMs)}`,
    talkMs >= 1000 && `${words().talked} ${lengthText(talkMs)}`,
    wrapUpMs >= 1000 && `${words().wrappedUp} ${lengthText(wrapUpMs)}`,
    ...consults.map((one) => `${words().consult} ${nameOfAsked(one)}`),
    score !== undefined && `${words().score} ${score}`,
  ].filter(Boolean)
  return (
    <li>
      <a class="past is-in found" href={formatRoute({ list: 'mine', conversationId })}>
        <span class="item-line">
          <strong>
            {words()[direction]} · {otherSide(call)}
          </strong>
          <time>{dateTime(locale.value, startedAt)}</time>
        </span>
        <span>{stateText(call)}</span>
        <small class="soft">{whose.join(' · ')}</small>
      </a>
      {recordings.map(({ segment, durationMs, transcript }) => (
        <div key={segment}>
          <Recording callId={call.id} segment={segment} durationMs={durationMs} />
          {transcript && (
            <details class="said">
              <summary>{words().transcript}</summary>
              <p class="transcript">{transcript}</p>
            </details>
          )}
        </div>
      ))}
    </li>
  )
}

/** The call with what was said in it, once that is written down. */
function withTranscripts(call: Call, { parts }: Message): Call {
  const saidIn = (fileId: string) =>
    parts.find((part) => part.type === 'audio' && part.blob.fileId === fileId && part.transcript)
  if (!call.recordings.some(({ fileId }) => saidIn(fileId))) return call
  return {
    ...call,
    recordings: call.recordings.map((recording) => {
      const part = saidIn(recording.fileId)
      return part?.type === 'audio' && part.transcript ? { ...recording, transcript: part.transcript } : recording
    }),
  }
}

/** Its address is asked for when somebody wants to hear it: who did stands in the audit log. */
function Recording({ callId, segment, durationMs }: { callId: string; segment: number; durationMs: number }) {
  const address = useSignal<string | undefined>(undefined)
  const refused = useSignal('')
  const play = async () => {
    try {
      address.value = await playRecording(api, callId, segment)
      refused.value = address.value === undefined ? words().noSound : ''
    } catch (error) {
      refused.value = refusalOf(error)
    }
  }
  if (address.value !== undefined) {
    // biome-ignore lint/a11y/useMediaCaption: nobody has written down what was said.
    return <audio src={onHub(base, address.value)} controls autoPlay />
  }
  return (
    <span>
      <button type="button" onClick={() => void play()}>
        {words().play} {lengthText(durationMs)}
      </button>
      {refused.value && <small class="warning">{refused.value}</small>}
    </span>
  )
}
