/** The call that I am in, or that rings for me, over whatever page is shown. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { actOnCall, type Call, transferCall } from '../../api-calls.ts'
import { api } from '../calls.ts'
import { formatRoute } from '../route.ts'
import { hub, may, now } from '../store.ts'
import { refusalOf } from '../texts.ts'
import { type Act, askedText, ConsultActs, ConsultDialog } from './consult.tsx'
import { Keys } from './keys.tsx'
import { Known } from './known.tsx'
import { followCalls, myCalls, withCall } from './live.ts'
import { lengthText, otherSide, stateText, words } from './words.ts'

export function CallStrip() {
  useEffect(followCalls, [])
  return (
    <>
      {myCalls.value.map((call) => (
        <MyCall key={call.id} call={call} />
      ))}
    </>
  )
}

function MyCall({ call }: { call: Call }) {
  const refused = useSignal('')
  const shown = useSignal<'transfer' | 'consult' | 'keys' | undefined>(undefined)
  const isBusy = useSignal(false)
  const show = (what: 'transfer' | 'consult' | 'keys') => (shown.value = shown.value === what ? undefined : what)
  const act: Act = async (work) => {
    isBusy.value = true
    try {
      myCalls.value = withCall(myCalls.peek(), await work, hub.peek().me)
      refused.value = ''
      if (shown.value !== 'keys') shown.value = undefined
      return true
    } catch (error) {
      refused.value = refusalOf(error)
      return false
    } finally {
      isBusy.value = false
    }
  }
  const { id, state, conversationId, answeredAt } = call
  // Whoever was asked has their phone alone.
  const isMine = call.legs.some((leg) => leg.memberId === hub.value.me && leg.state === 'talking')
  const isTalking = isMine && (state === 'talking' || state === 'held')
  const isAsking = isMine && (state === 'consulting' || state === 'conference')
  return (
    <section class="banner call-strip" aria-label={words().yourCall}>
      <strong>{otherSide(call)}</strong>
      {call.region && <span>{call.region}</span>}
      {call.lookup && <Known lookup={call.lookup} />}
      <span role="status">
        {state === 'offered' ? words().pickUp : stateText(call)} {isAsking && askedText(call)}
      </span>
      {answeredAt !== null && <time>{lengthText(now.value - Date.parse(answeredAt))}</time>}
      <a href={formatRoute({ list: 'mine', conversationId })}>{words().openConversation}</a>
      {isTalking && (
        <button
          type="button"
          disabled={isBusy.value}
          onClick={() => void act(actOnCall(api, id, state === 'held' ? 'resume' : 'hold'))}
        >
          {state === 'held' ? words().resume : words().hold}
        </button>
      )}
      {(isTalking || (isAsking && state === 'conference')) && (
        <button
          type="button"
          disabled={isBusy.value}
          aria-pressed={call.muted === true}
          onClick={() => void act(actOnCall(api, id, call.muted ? 'unmute' : 'mute'))}
        >
          {call.muted ? words().unmute : words().mute}
        </button>
      )}
      {(isAsking || (isTalking && state === 'talking')) && (
        <button type="button" aria-expanded={shown.value === 'keys'} onClick={() => show('keys')}>
          {words().keys}
        </button>
      )}
      {isTalking && (call.direction === 'in' || may('call:dial')) && (
        <button type="button" onClick={() => show('consult')}>
          {words().consult}
        </button>
      )}
      {isTalking && may('call:dial') && (
        <button type="button" aria-expanded={shown.value === 'transfer'} onClick={() => show('transfer')}>
          {words().transfer}
        </button>
      )}
      {isAsking && <ConsultActs call={call} act={act} isBusy={isBusy.value} />}
      {(isTalking || isAsking || (call.direction === 'out' && call.answeredAt === null)) && (
        <button type="button" disabled={isBusy.value} onClick={() => void act(actOnCall(api, id, 'hang-up'))}>
          {words().hangUp}
        </button>
      )}
      {shown.value === 'consult' && isTalking && (
        <ConsultDialog call={call} act={act} onClose={() => (shown.value = undefined)} />
      )}
      {shown.value === 'keys' && isMine && <Keys callId={id} act={act} />}
      {shown.value === 'transfer' && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            const number = String(new FormData(event.currentTarget).get('number') ?? '').trim()
            if (number) void act(transferCall(api, id, number))
          }}
        >
          <input name="number" type="tel" aria-label={words().transferTo} placeholder={words().transferTo} required />
          <button type="submit" disabled={isBusy.value}>
            {words().transfer}
          </button>
        </form>
      )}
      {refused.value && <small class="warning">{refused.value}</small>}
    </section>
  )
}
