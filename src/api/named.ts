import { Fault } from '../core/platform/errors.ts'

/** What a body names and is not there is the body's fault, at `pointer`; any other fault stays as it is. */
export async function named<T>(found: Promise<T>, pointer: string): Promise<T> {
  try {
    return await found
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'not-found') throw error
    throw new Fault('invalid', error.code, error.message, {
      cause: error,
      errors: [{ pointer, detail: 'is not there' }],
    })
  }
}
