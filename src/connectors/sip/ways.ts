/** How whoever is to be rung is reached: a phone that registered, an agent's number or SIP address outside, any number. */
import type { CallRecord } from '../contract.ts'
import type { CallParts } from './call-parts.ts'
import { proxyOf } from './outcomes.ts'
import type { RingOptions } from './signalling.ts'

export type Way = Pick<RingOptions, 'uri' | 'from' | 'proxy' | 'auth'> & {
  /** An agent's number or address outside: whatever picks it up has to press a key. */
  readonly isOutside: boolean
}

type Parts = Pick<CallParts, 'desk' | 'trunk' | 'log' | 'from' | 'isBusy'>

/** Undefined for a phone that is not there; `busy` for one that is on the line in another call. */
export async function wayToPhone(parts: Parts, extension: string): Promise<Way | 'busy' | undefined> {
  if (parts.isBusy(extension)) return 'busy'
  const phone = await parts.desk.phone(extension)
  if (phone === undefined) return undefined
  if (phone.number?.startsWith('sip:')) {
    const way = await logged(parts, parts.trunk.reach(phone.number))
    return way && { ...way, from: parts.from, isOutside: true }
  }
  if (phone.number !== null) {
    const way = (await parts.desk.mayDial(phone.number)) ? await dialled(parts, phone.number, undefined) : undefined
    return way && { ...way, isOutside: true }
  }
  return phone.contact === null
    ? undefined
    : { uri: phone.contact, from: parts.from, ...proxyOf(phone), isOutside: false }
}

/** Undefined where there is no trunk, or none that may be called. Whether the number may be was asked before. */
export async function wayToNumber(parts: Parts, { plan }: CallRecord, number: string): Promise<Way | undefined> {
  const way = await dialled(parts, number, plan?.outbound?.callerId)
  return way && { ...way, isOutside: false }
}

function dialled(parts: Parts, number: string, callerId: string | undefined) {
  return logged(parts, parts.trunk.dial(number, callerId))
}

function logged<Found>({ log }: Parts, way: Promise<Found>): Promise<Found | undefined> {
  return way.catch((err: unknown) => {
    log.warn({ err }, 'a number cannot be called')
    return undefined
  })
}
