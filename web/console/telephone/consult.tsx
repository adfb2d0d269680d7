/** Asking somebody while the caller waits (咨询转接), and what may come of it. */
import { useSignal } from '@preact/signals'
import { actOnCall, type Call, type ConsultTarget, consultCall } from '../../api-calls.ts'
import { api } from '../calls.ts'
import { ColleagueList } from '../colleagues.tsx'
import { Dialog } from '../overlays.tsx'
import { hub, may } from '../store.ts'
import { t } from '../texts.ts'
import { words } from './words.ts'

/** What the strip does with an answer: resolves whether there was one. */
export type Act = (work: Promise<Call>) => Promise<boolean>

export function ConsultDialog({ call, act, onClose }: { call: Call; act: Act; onClose: () => void }) {
  const { groups, me } = hub.value
  const isBusy = useSignal(false)
  const to = async (target: ConsultTarget) => {
    isBusy.value = true
    await act(consultCall(api, call.id, target))
    onClose()
    return true
  }
  return (
    <Dialog label={words().consult} onClose={onClose}>
      <section class="transfer">
        <p>{words().consultHint}</p>
        {call.direction === 'in' && (
          <>
            <h3>{t().transferToAgent}</h3>
            <ColleagueList onlyFree except={[me]} choose={({ id }) => to({ memberId: id })} />
            <h3>{t().transferToGroup}</h3>
            {Object.entries(groups).map(([id, name]) => (
              <button type="button" key={id} disabled={isBusy.value} onClick={() => void to({ groupId: id })}>
                {name}
              </button>
            ))}
          </>
        )}
        {may('call:dial') && (
          <form
            onSubmit={(event) => {
              event.preventDefault()
              const number = String(new FormData(event.currentTarget).get('consulted') ?? '').trim()
              if (number) void to({ number })
            }}
          >
            <input
              name="consulted"
              type="tel"
              aria-label={words().consultNumber}
              placeholder={words().consultNumber}
              required
            />
            <button type="submit" disabled={isBusy.value}>
              {words().call}
            </button>
          </form>
        )}
      </section>
    </Dialog>
  )
}

/** Who is being asked, for the agent who asks: by name where it is a colleague. */
export function askedText(call: Call): string {
  const open = call.consults?.find(({ endedAt }) => endedAt === null)
  if (open === undefined) return ''
  return `${words()[open.answeredAt === null ? 'rings' : 'asks']} ${nameOfAsked(open)}`
}

/** Whom an agent asked: who answered, else whom they wanted. */
export function nameOfAsked({ memberId, to }: NonNullable<Call['consults']>[number]): string {
  const { members, groups } = hub.value
  const name = members[memberId ?? to.memberId ?? '']?.name
  return name ?? to.number ?? groups[to.groupId ?? ''] ?? ''
}

export function ConsultActs({ call, act, isBusy }: { call: Call; act: Act; isBusy: boolean }) {
  const isAnswered = call.consults?.some(({ answeredAt, endedAt }) => answeredAt !== null && endedAt === null)
  const button = (which: 'hand-over' | 'conference' | 'return', text: string) => (
    <button type="button" disabled={isBusy} onClick={() => void act(actOnCall(api, call.id, which))}>
      {text}
    </button>
  )
  return (
    <>
      {isAnswered && button('hand-over', words().handOver)}
      {isAnswered && call.state === 'consulting' && button('conference', words().confer)}
      {button('return', words().returnToCaller)}
    </>
  )
}
