/** Who calls, as the business itself knows: its address is asked for a number, and answers with what an agent sees before the phone rings. */
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { CallLookup } from '../contract.ts'

/** How long the phone of an agent waits for it. */
export const lookupMs = 800
const longestAnswer = 16 * 1024

const Answer = Type.Object({
  title: Type.Optional(Type.String({ maxLength: 200 })),
  link: Type.Optional(Type.String({ maxLength: 1000, pattern: '^https?://' })),
  fields: Type.Optional(
    Type.Array(Type.Object({ name: Type.String({ maxLength: 60 }), value: Type.String({ maxLength: 500 }) }), {
      maxItems: 20,
    }),
  ),
})

export interface LookupQuestion {
  readonly callId: string
  /** E.164 where it is one, else as the network gave it. */
  readonly number: string
  readonly dialled: string
}

export interface LookupSettings {
  readonly lookupUrl?: string
  readonly lookupToken?: string
}

/**
 * Asks by GET, with `number`, `dialled` and `callId` in the query. 404: nobody is known by that number. Never rejects: what goes wrong is told, for
 * the call's record. `fetch` keeps to addresses that the hub may call.
 */
export async function lookUp(
  fetch: typeof globalThis.fetch,
  { lookupUrl = '', lookupToken }: LookupSettings,
  { callId, number, dialled }: LookupQuestion,
): Promise<CallLookup> {
  try {
    const url = new URL(lookupUrl)
    for (const [name, value] of Object.entries({ number, dialled, callId })) url.searchParams.set(name, value)
    const headers = {
      accept: 'application/json',
      ...(lookupToken !== undefined && { authorization: `Bearer ${lookupToken}` }),
    }
    const response = await fetch(url.href, { headers, signal: AbortSignal.timeout(lookupMs) })
    if (response.status === 404) return { state: 'unknown' }
    if (response.status !== 200) return failed(`It answers with ${response.status}.`)
    const text = await response.text()
    const given: unknown = text.length > longestAnswer ? undefined : parsed(text)
    if (!Value.Check(Answer, given)) return failed('What it answers is no record of a caller.')
    return recordOf(given)
  } catch (error) {
    return failed(sentenceOf(error))
  }
}

/** What else the answer holds is left out. */
function recordOf({ title, link, fields }: Static<typeof Answer>): CallLookup {
  return {
    state: 'found',
    ...(title !== undefined && { title }),
    ...(link !== undefined && { link }),
    fields: (fields ?? []).map(({ name, value }) => ({ name, value })),
  }
}

function failed(detail: string): CallLookup {
  return { state: 'failed', detail }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Says nothing of the address, which may hold a secret. */
function sentenceOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string }
  if (name === 'TimeoutError') return 'It does not answer in time.'
  return code === 'address-refused' ? 'The hub may not call its address.' : 'It cannot be reached.'
}
