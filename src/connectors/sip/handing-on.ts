/** A phone hands its caller on (REFER): what the hub makes of that. */
import { randomUUID } from 'node:crypto'
import type { CallDesk, CallNews } from '../contract.ts'

export interface HandedOn {
  readonly id: string
  tell(news: CallNews): Promise<boolean>
}

/** Resolves whether the caller is on the way to somebody else. Noted before anything else: many phones hang up in the same breath. */
export async function handOn(
  call: HandedOn,
  desk: Pick<CallDesk, 'refer'>,
  leg: string,
  user: string,
): Promise<boolean> {
  if (!(await call.tell({ type: 'referred', leg }))) return false
  const found = await desk.refer(call.id, user).catch(() => undefined)
  const isOnTheWay =
    found !== undefined &&
    (found.number === undefined ||
      (await call.tell({
        type: 'rung',
        leg: `after-${leg}-${randomUUID()}`,
        memberId: null,
        extension: '',
        number: found.number,
        offerId: null,
      })))
  if (!isOnTheWay) await call.tell({ type: 'unreferred', leg })
  return isOnTheWay
}
