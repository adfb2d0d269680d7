/**
 * An indexed 4-ary heap: the smallest key first, and any node removable or re-keyed in O(log n) because it knows its place.
 * A key is four numbers compared in order. Keys lie side by side in one typed array, so sifting does not chase pointers.
 */

/** `pos` is the node's place in the one heap it may be in; -1 outside. Only this file writes it. */
export interface HeapNode {
  pos: number
}

export interface Heap<T extends HeapNode> {
  readonly nodes: T[]
  keys: Float64Array
}

const FIRST_CAPACITY = 4
/** Numbers in a key. */
const WIDTH = 4

export function newHeap<T extends HeapNode>(): Heap<T> {
  return { nodes: [], keys: new Float64Array(FIRST_CAPACITY * WIDTH) }
}

/** Whether the key at place `i` is smaller than (a, b, c, d). */
function isLess(keys: Float64Array, i: number, a: number, b: number, c: number, d: number): boolean {
  const k = i * WIDTH
  const x = keys[k] as number
  if (x !== a) return x < a
  const y = keys[k + 1] as number
  if (y !== b) return y < b
  const z = keys[k + 2] as number
  if (z !== c) return z < c
  return (keys[k + 3] as number) < d
}

function isLessAt(keys: Float64Array, i: number, j: number): boolean {
  const k = j * WIDTH
  return isLess(keys, i, keys[k] as number, keys[k + 1] as number, keys[k + 2] as number, keys[k + 3] as number)
}

function put<T extends HeapNode>(heap: Heap<T>, node: T, i: number, a: number, b: number, c: number, d: number): void {
  const k = i * WIDTH
  heap.keys[k] = a
  heap.keys[k + 1] = b
  heap.keys[k + 2] = c
  heap.keys[k + 3] = d
  heap.nodes[i] = node
  node.pos = i
}

function move<T extends HeapNode>(heap: Heap<T>, from: number, to: number): void {
  heap.keys.copyWithin(to * WIDTH, from * WIDTH, from * WIDTH + WIDTH)
  const node = heap.nodes[from] as T
  heap.nodes[to] = node
  node.pos = to
}

function siftUp<T extends HeapNode>(
  heap: Heap<T>,
  node: T,
  from: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  let i = from
  while (i > 0) {
    const parent = (i - 1) >> 2
    if (isLess(heap.keys, parent, a, b, c, d)) break
    move(heap, parent, i)
    i = parent
  }
  put(heap, node, i, a, b, c, d)
}

function siftDown<T extends HeapNode>(
  heap: Heap<T>,
  node: T,
  from: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  const size = heap.nodes.length
  let i = from
  for (;;) {
    const first = i * 4 + 1
    if (first >= size) break
    let least = first
    const end = Math.min(first + 4, size)
    for (let child = first + 1; child < end; child++) if (isLessAt(heap.keys, child, least)) least = child
    if (!isLess(heap.keys, least, a, b, c, d)) break
    move(heap, least, i)
    i = least
  }
  put(heap, node, i, a, b, c, d)
}

/** Adds a node, or gives one that is inside another key. */
export function heapSet<T extends HeapNode>(heap: Heap<T>, node: T, a: number, b: number, c: number, d: number): void {
  const i = node.pos
  if (i < 0) {
    const size = heap.nodes.length
    if ((size + 1) * WIDTH > heap.keys.length) {
      const grown = new Float64Array(heap.keys.length * 2)
      grown.set(heap.keys)
      heap.keys = grown
    }
    heap.nodes.push(node)
    siftUp(heap, node, size, a, b, c, d)
    return
  }
  const k = i * WIDTH
  if (heap.keys[k] === a && heap.keys[k + 1] === b && heap.keys[k + 2] === c && heap.keys[k + 3] === d) return
  if (isLess(heap.keys, i, a, b, c, d)) siftDown(heap, node, i, a, b, c, d)
  else siftUp(heap, node, i, a, b, c, d)
}

/** Takes a node out; nothing happens if it is not inside. */
export function heapRemove<T extends HeapNode>(heap: Heap<T>, node: T): void {
  const i = node.pos
  if (i < 0) return
  node.pos = -1
  const last = heap.nodes.length - 1
  const moved = heap.nodes.pop() as T
  if (i === last) return
  const k = last * WIDTH
  const a = heap.keys[k] as number
  const b = heap.keys[k + 1] as number
  const c = heap.keys[k + 2] as number
  const d = heap.keys[k + 3] as number
  if (i > 0 && !isLess(heap.keys, (i - 1) >> 2, a, b, c, d)) siftUp(heap, moved, i, a, b, c, d)
  else siftDown(heap, moved, i, a, b, c, d)
}

/** The smallest node that is not passed over, without changing the heap: O(p log p) for p passed over. */
export function heapFind<T extends HeapNode>(heap: Heap<T>, passOver: (node: T) => boolean): T | undefined {
  const first = heap.nodes[0]
  if (!first || !passOver(first)) return first
  const frontier: number[] = []
  for (let i: number | undefined = 0; i !== undefined; i = takeLeast(frontier, heap.keys)) {
    const node = heap.nodes[i] as T
    if (!passOver(node)) return node
    const end = Math.min(i * 4 + 5, heap.nodes.length)
    for (let child = i * 4 + 1; child < end; child++) addTo(frontier, heap.keys, child)
  }
  return undefined
}

/** Adds a place to a binary heap of places, ordered by the keys there. */
function addTo(frontier: number[], keys: Float64Array, place: number): void {
  let i = frontier.push(place) - 1
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (isLessAt(keys, frontier[parent] as number, place)) break
    frontier[i] = frontier[parent] as number
    i = parent
  }
  frontier[i] = place
}

function takeLeast(frontier: number[], keys: Float64Array): number | undefined {
  const least = frontier[0]
  const last = frontier.pop()
  if (last === undefined || frontier.length === 0) return least
  let i = 0
  for (;;) {
    let child = i * 2 + 1
    if (child >= frontier.length) break
    const right = child + 1
    if (right < frontier.length && isLessAt(keys, frontier[right] as number, frontier[child] as number)) child = right
    if (isLessAt(keys, last, frontier[child] as number)) break
    frontier[i] = frontier[child] as number
    i = child
  }
  frontier[i] = last
  return least
}
