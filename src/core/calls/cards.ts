/** What stands in the thread for a call, in words that every client can show. */
export function cardOf(id: string, words: string) {
  const fields = [{ name: 'call', value: id }]
  return { type: 'card' as const, fallback: `☎ ${words}`.slice(0, 500), fields }
}
