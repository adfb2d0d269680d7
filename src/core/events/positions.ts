/** How far a consumer has come in each partition of a topic: written in the transaction of the effects. */
import type { Tx } from '../platform/database.ts'

export interface Position {
  /** The offset of the first record that is not handled yet. */
  readonly next: number
  /** The highest position in the feed of those that are: a repeated publication has it, or a lower one. */
  readonly lastPosition: number
}

/** Makes the row where there is none, so that it can be moved, and locks it. */
export function takePosition(tx: Tx, consumer: string, topic: string, partition: number): Promise<Position> {
  return tx.one<Position>(
    `insert into positions (consumer, topic, partition, next) values ($1, $2, $3, 0)
     on conflict (consumer, topic, partition) do update set next = positions.next
     returning next, last_position`,
    consumer,
    topic,
    partition,
  )
}

/** Moves those of several partitions, by number, in one statement. */
export async function movePositions(
  tx: Tx,
  consumer: string,
  topic: string,
  moves: readonly (Position & { readonly partition: number })[],
): Promise<void> {
  await tx.run(
    `update positions p set next = m.next, last_position = m.last_position
       from unnest($3::int[], $4::bigint[], $5::bigint[]) as m (partition, next, last_position)
      where p.consumer = $1 and p.topic = $2 and p.partition = m.partition`,
    consumer,
    topic,
    moves.map(({ partition }) => partition),
    moves.map(({ next }) => next),
    moves.map(({ lastPosition }) => lastPosition),
  )
}
