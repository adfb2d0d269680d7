/** The call that I am in, or that rings for me, over whatever page is shown. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { actOnCall, type Call, transferCall } from '../../api-calls.ts'
import { api } from '../calls.ts'
import { formatRoute } from '../route.ts'
import { hub, may, now } from '../store.ts'
import { refusalOf } from '../texts.ts'
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
  const isTransferring = useSignal(false)
  const isBusy = useSignal(false)
  const act = async (work: Promise<Call>) => {
    isBusy.value = true
    try {
      myCalls.value = withCall(myCalls.peek(), await work, hub.peek().me)
      refused.value = ''
      isTransferring.value = false
    } catch (error) {
      refused.value = refusalOf(error)
    } finally {
      isBusy.value = false
    }
  }
  const { id, state, conversationId, answeredAt } = call
  const isTalking = state === 'talking' || state === 'held'
  return (
    <section class="banner call-strip" aria-label={words().yourCall}>
      <strong>{otherSide(call)}</strong>
      {call.region && <span>{call.region}</span>}
      <span role="status">{state === 'offered' ? words().pickUp : stateText(call)}</span>
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
      {isTalking && may('call:dial') && (
        <button
          type="button"
          aria-expanded={isTransferring.value}
          onClick={() => (isTransferring.value = !isTransferring.value)}
        >
          {words().transfer}
        </button>
      )}
      {(isTalking || call.direction === 'out') && (
        <button type="button" disabled={isBusy.value} onClick={() => void act(actOnCall(api, id, 'hang-up'))}>
          {words().hangUp}
        </button>
      )}
      {isTransferring.value && (
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
