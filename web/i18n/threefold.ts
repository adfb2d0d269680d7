/** Words of one meaning side by side, for pages with many of them: simplified, traditional, English. */
import { type Locale, locales } from './locale.ts'

export type Threefold = readonly [string, string, string]
export type Words<T> = { readonly [Name in keyof T]: string }

const known = new WeakMap<object, Map<Locale, Words<Record<string, Threefold>>>>()

/** All of them in one language. */
export function wordsIn<T extends Readonly<Record<string, Threefold>>>(all: T, locale: Locale): Words<T> {
  const made = known.get(all) ?? new Map<Locale, Words<Record<string, Threefold>>>()
  known.set(all, made)
  let words = made.get(locale)
  if (!words) {
    const at = locales.indexOf(locale)
    words = Object.fromEntries(Object.entries(all).map(([name, meanings]) => [name, meanings[at] ?? '']))
    made.set(locale, words)
  }
  return words as Words<T>
}
