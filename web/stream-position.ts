/** Where a reader stands in the feed, and what a frame does to that. Pure. */

export interface Position {
  epoch: string
  seq: number
}

/** What both sorts of frame may carry; `seq` stands on events only. */
export interface Frame {
  v: 1
  type: string
  id?: string
  seq?: number
  epoch?: string
  at?: string
  subject?: string
  actor?: string | null
  data?: unknown
  [member: string]: unknown
}

/**
 * The position after a frame, and whether the frame is news. Events at or before the position of the same epoch are
 * repetitions; an event of another epoch is news. Frames without seq (typing, pong…) are always news and move nothing.
 */
export function advance(
  position: Position | undefined,
  frame: Frame,
): { position: Position | undefined; fresh: boolean } {
  if (frame.type === 'stream.ready') {
    if (frame.epoch === undefined || frame.seq === undefined) return { position, fresh: true }
    const ready = { epoch: frame.epoch, seq: frame.seq }
    const ahead = position?.epoch === ready.epoch && position.seq > ready.seq
    return { position: ahead ? position : ready, fresh: true }
  }
  if (frame.seq === undefined) return { position, fresh: true }
  const epoch = frame.epoch ?? position?.epoch ?? ''
  if (position?.epoch === epoch && frame.seq <= position.seq) return { position, fresh: false }
  return { position: { epoch, seq: frame.seq }, fresh: true }
}

/** A frame of what a socket said; undefined for anything that is none. */
export function parseFrame(text: unknown): Frame | undefined {
  try {
    const frame = JSON.parse(text as string) as Frame | null
    return typeof frame?.type === 'string' ? frame : undefined
  } catch {
    return undefined
  }
}

/** How long to wait before the given attempt (from 0): full jitter of 0.5 s · 2^n, at most 30 s. */
export function reconnectDelayMs(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(30_000, 500 * 2 ** attempt))
}
