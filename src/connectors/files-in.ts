/** The part of the contract (contract.ts) for files that come in and lie at an address. */
import { type Fetching, FileGone } from './contract.ts'

/** Refusals of status 4xx that pass: the same may be handed out later. */
const passing = [408, 425, 429]

/**
 * The answer of an address behind which a file lies, its body not read yet. Rejects with `FileGone` when `name` refuses it for good, with a
 * plain Error, after which the hub asks again later, when it only does so now.
 */
export async function fileAt(name: string, url: string, { fetch, signal }: Fetching): Promise<Response> {
  const response = await fetch(url, { signal })
  const { ok, status } = response
  if (ok) return response
  await response.body?.cancel().catch(() => {})
  if (status >= 400 && status < 500 && !passing.includes(status)) throw new FileGone(`${name} keeps it no longer.`)
  throw new Error(`${name} did not hand the file out (${status}).`)
}
