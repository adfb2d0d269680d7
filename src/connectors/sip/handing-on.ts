/** A phone hands its caller on (REFER): what the hub makes of that. */
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
  if (found?.number === undefined) return found !== undefined
  const { number } = found
  return call.tell({ type: 'rung', leg: `after-${leg}`, memberId: null, extension: '', number, offerId: null })
}
