/**
 * The hub's HTTP interface as the pages see it: one request function and the errors it makes. The calls themselves stand
 * in api-agent.ts and api-visitor.ts, so that the widget does not carry what only the console needs.
 */

/** A refusal of the hub (RFC 9457), or `network-unreachable` with status 0 when nothing answered. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  /** What is wrong with which member of the request (RFC 6901), where the hub says so. */
  readonly errors: readonly Wrong[]

  constructor(status: number, code: string, detail: string, errors: readonly Wrong[] = []) {
    super(detail)
    this.status = status
    this.code = code
    this.errors = errors
  }

  /** Whether the same request may succeed later: nothing answered, too many at once, or the hub stumbled. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export interface Wrong {
  pointer: string
  detail: string
}

export interface Page<T> {
  data: T[]
  nextCursor: string | null
}

export interface Call {
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Record<string, string>
}

/** Sends one request below /v1 and answers with its body (undefined for 204). Throws `Problem`. */
export type Api = <T>(method: string, path: string, call?: Call) => Promise<T>

export interface ApiOptions {
  /** Where the hub is: ends in a slash. */
  base: string
  /** Authorization of the moment; without one the browser's cookie speaks. */
  token?: () => string | undefined
}

const timeoutMs = 20_000

export function openApi({ base, token }: ApiOptions): Api {
  return async <T>(method: string, path: string, { query = {}, body, headers = {} }: Call = {}) => {
    const url = new URL(`v1/${path}`, base)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const bearer = token?.()
    let response: Response
    let text: string
    try {
      response = await fetch(url, {
        method,
        headers: {
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(bearer && { Authorization: `Bearer ${bearer}` }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      })
      text = await response.text()
    } catch {
      throw new Problem(0, 'network-unreachable', '')
    }
    const answer = parse(text)
    if (response.ok) return answer as T
    const { code, detail, errors } = (answer ?? {}) as { code?: string; detail?: string; errors?: Wrong[] }
    throw new Problem(response.status, code ?? `status-${response.status}`, detail ?? '', errors)
  }
}

/** Takes anything that was thrown for what it means to a page. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(-1, 'page-broken', String(error))
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
