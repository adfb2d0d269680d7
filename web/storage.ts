/** What a browser remembers between pages. Storage may be full, forbidden or throwing: then nothing is remembered. */

export interface Store {
  read<T>(key: string): T | undefined
  write(key: string, value: unknown): void
  remove(key: string): void
}

/** JSON values under `tributary.`-prefixed keys of a storage. Never throws; a value that is not JSON reads as undefined. */
export function openStore(find: () => Storage): Store {
  const attempt = <T>(act: (storage: Storage) => T): T | undefined => {
    try {
      return act(find())
    } catch {
      return undefined
    }
  }
  return {
    read: <T>(key: string) =>
      attempt((storage) => {
        const text = storage.getItem(`tributary.${key}`)
        return text === null ? undefined : (JSON.parse(text) as T)
      }),
    write: (key, value) => void attempt((storage) => storage.setItem(`tributary.${key}`, JSON.stringify(value))),
    remove: (key) => void attempt((storage) => storage.removeItem(`tributary.${key}`)),
  }
}
