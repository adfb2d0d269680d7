/**
 * How many of a pool's items a member may hold now. Every member counts for itself, by what it last saw; the counts come
 * out even, and nothing moves without need: an item stays where it is as long as nobody has less than a fair share.
 */

/**
 * `holds` says for each living member, `owner` included, how many items it holds. Where they do not part evenly some hold
 * one more than others: those who already do, by name if there are too many of them, then whoever comes first.
 */
export function mostItems(items: number, owner: string, holds: ReadonlyMap<string, number>): number {
  const least = Math.floor(items / holds.size)
  const larger = items % holds.size
  const others = [...holds].filter(([name, count]) => name !== owner && count > least)
  const rivals = (holds.get(owner) ?? 0) > least ? others.filter(([name]) => name < owner) : others
  return rivals.length < larger ? least + 1 : least
}
