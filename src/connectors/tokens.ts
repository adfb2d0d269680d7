/** The part of the contract (contract.ts) for platforms that are asked under a token which all nodes share. */

/** Nothing was asked of the platform yet that could have an effect: the next attempt is as good. */
export class NotAsked extends Error {}

export interface TokenWays {
  /** Whose token it is, in sentences. */
  readonly name: string
  /** The shared token; `refused` is the one that the platform does not take any more. */
  token(refused?: string): Promise<string>
  /** Whether the platform has answered, and refused: said as it is, also of the question for the token. */
  isRefusal(error: unknown): boolean
  /** Whether only the token was refused, so that nothing has happened. */
  isStale(error: unknown): boolean
}

/** Asks under the token, once more with another where only the token was refused. Rejects with a refusal, `NotAsked`, or what `ask` rejects with. */
export async function underToken<T>(ways: TokenWays, ask: (token: string) => Promise<T>): Promise<T> {
  const token = (refused?: string) =>
    ways.token(refused).catch((cause: unknown) => {
      throw ways.isRefusal(cause) ? cause : new NotAsked(`${ways.name} gave no token.`, { cause })
    })
  const first = await token()
  try {
    return await ask(first)
  } catch (error) {
    if (!ways.isStale(error)) throw error
    return ask(await token(first))
  }
}
