/** How the console asks the hub: by the browser's cookie, and aware of a session that ends. */
import { openApi, Problem } from '../api.ts'
import { expired, stage } from './store.ts'

export const base = new URL('../', location.href).href

/** Asks without a word about the session: for the log-in itself. */
export const plainApi = openApi({ base })

/** Asks the hub; an ended session brings up the log-in over the page. Throws `Problem`. */
export const api = async <T>(...call: Parameters<typeof plainApi>): Promise<T> => {
  try {
    return await plainApi<T>(...call)
  } catch (error) {
    if (error instanceof Problem && error.status === 401 && stage.peek() === 'ready') expired.value = true
    throw error
  }
}
