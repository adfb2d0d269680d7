/** What pages ask of the hub about telephone calls. */
import type { CallPlan, ChannelCallPlan } from '../src/core/events/call-plan-shapes.ts'
import type { Call } from '../src/core/events/call-shapes.ts'
import type { Api, Page } from './api.ts'

export type { Call } from '../src/core/events/call-shapes.ts'

export interface CallFilter {
  live?: boolean
  direction?: 'in' | 'out'
  /** How either number begins. */
  number?: string
}

export const listCalls = (api: Api, filter: CallFilter, cursor?: string, limit = 50) =>
  api<Page<Call>>('GET', 'calls', { query: { ...filter, limit, cursor } })
export const dialCall = (api: Api, channelId: string, number: string) =>
  api<Call>('POST', 'calls', { body: { channelId, number } })
export type ConsultTarget = { memberId: string } | { groupId: string } | { number: string }
type CallAct = 'hold' | 'resume' | 'hang-up' | 'hand-over' | 'conference' | 'return' | 'mute' | 'unmute'

export const actOnCall = (api: Api, id: string, act: CallAct) => api<Call>('POST', `calls/${id}/${act}`)
export const transferCall = (api: Api, id: string, number: string) =>
  api<Call>('POST', `calls/${id}/transfer`, { body: { number } })
export const consultCall = (api: Api, id: string, to: ConsultTarget) =>
  api<Call>('POST', `calls/${id}/consult`, { body: to })
export const pressDigits = (api: Api, id: string, digits: string) =>
  api<Call>('POST', `calls/${id}/digits`, { body: { digits } })
/** An address from which the recording is played, for a while. */
export const playRecording = async (api: Api, id: string, segment: number): Promise<string | undefined> => {
  const file = await api<{ addresses: { inline?: string | null; download?: string | null } | null }>(
    'GET',
    `calls/${id}/recordings/${segment}`,
  )
  return file.addresses?.inline ?? file.addresses?.download ?? undefined
}

export const getCallPlan = (api: Api, channelId: string) =>
  api<ChannelCallPlan>('GET', `channels/${channelId}/call-plan`)
/** Refuses to overwrite what the caller has not seen. */
export const putCallPlan = (api: Api, channelId: string, plan: CallPlan, version: number) =>
  api<ChannelCallPlan>('PUT', `channels/${channelId}/call-plan`, {
    body: plan,
    headers: { 'If-Match': `"v${version}"` },
  })

export interface Phone {
  id: string
  channelId: string
  extension: string
  memberId: string | null
  /** Outside; null for a phone that registers. */
  number: string | null
  registeredUntil: string | null
}
export const listPhones = (api: Api, cursor?: string) =>
  api<Page<Phone>>('GET', 'phones', { query: { limit: 100, cursor } })
export interface NewPhone {
  channelId: string
  extension: string
  memberId: string | null
  number?: string
}
/** The password is shown this once; a number outside has none. */
export const createPhone = (api: Api, body: NewPhone) =>
  api<{ phone: Phone; password: string | null }>('POST', 'phones', { body })
export const removePhone = (api: Api, id: string) => api<void>('DELETE', `phones/${id}`)

/** A number that wants no calls. */
export interface BarredNumber {
  number: string
  reason: string
  createdAt: string
}
/** `number`: digits that stand in it. */
export const listBarredNumbers = (api: Api, number: string, cursor?: string) =>
  api<Page<BarredNumber>>('GET', 'do-not-call', { query: { limit: 50, cursor, ...(number && { number }) } })
export const barNumbers = (api: Api, numbers: readonly string[], reason: string) =>
  api<{ added: number }>('POST', 'do-not-call', { body: { numbers, reason } })
export const unbarNumber = (api: Api, number: string) =>
  api<void>('DELETE', `do-not-call/${encodeURIComponent(number)}`)
