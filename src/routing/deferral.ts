/** Work that is put off: nobody is asked for it until its time has come or it is woken, and then it has its old place in line. */
import { itemOf, type Outcome } from './items.ts'
import type { EventOf } from './model.ts'
import { parkedFor } from './normalise.ts'
import { leaveLine } from './offers.ts'
import { type State, setItemState } from './state.ts'
import { setItemTimer } from './timers.ts'

export function defer(state: State, event: EventOf<'item.defer'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state !== 'waiting' && item?.state !== 'pooled' && item?.state !== 'deferred') return 'stale'
  if (item.consultFor) return 'stale'
  leaveLine(state, item)
  const forMs = parkedFor(event.forMs)
  const until = forMs === undefined ? undefined : state.at + forMs
  setItemState(state, item, 'deferred')
  item.deferredUntil = until
  if (until !== undefined) setItemTimer(state, item, until)
  state.decisions.push({ type: 'deferred', itemId: item.id, ...(until === undefined ? {} : { until }) })
  return undefined
}
