import { expect, test } from 'vitest'
import { advance, type Frame, type Position, parseFrame, reconnectDelayMs } from '../../../web/stream-position.ts'

const event = (seq: number, epoch = 'e1'): Frame => ({ v: 1, type: 'message.created', seq, epoch })
const ready = (seq: number, epoch = 'e1'): Frame => ({ v: 1, type: 'stream.ready', seq, epoch, recovered: true })

/** The numbers of the events that count as news. */
function news(...frames: Frame[]): { seqs: (number | undefined)[]; position: Position | undefined } {
  let position: Position | undefined
  const seqs: (number | undefined)[] = []
  for (const frame of frames) {
    const next = advance(position, frame)
    position = next.position
    if (next.fresh && frame.type !== 'stream.ready') seqs.push(frame.seq)
  }
  return { seqs, position }
}

test('an event is taken once, in order, and repetitions are dropped', () => {
  expect(news(ready(4), event(5), event(6), event(5), event(6), event(7)).seqs).toEqual([5, 6, 7])
})

test('after resuming, the end of the replay does not move the place back', () => {
  expect(news(ready(4), event(5), event(6), ready(5), event(6), event(7))).toEqual({
    seqs: [5, 6, 7],
    position: { epoch: 'e1', seq: 7 },
  })
})

test('another epoch begins anew', () => {
  expect(news(ready(900), ready(3, 'e2'), event(4, 'e2')).seqs).toEqual([4])
})

test('frames without a number are always news', () => {
  expect(advance({ epoch: 'e1', seq: 5 }, { v: 1, type: 'typing' })).toEqual({
    position: { epoch: 'e1', seq: 5 },
    fresh: true,
  })
})

test('what is no frame is ignored', () => {
  for (const text of ['', 'nonsense', 'null', '[]', '7', '{"type":7}', new ArrayBuffer(2)]) {
    expect(parseFrame(text)).toBeUndefined()
  }
  expect(parseFrame('{"v":1,"type":"pong"}')).toEqual({ v: 1, type: 'pong' })
})

test('waiting times grow to half a minute and are spread over their whole length', () => {
  expect([0, 1, 2, 5, 9, 40].map((attempt) => reconnectDelayMs(attempt, () => 1))).toEqual([
    500, 1000, 2000, 16_000, 30_000, 30_000,
  ])
  expect(reconnectDelayMs(9, () => 0)).toBe(0)
})
