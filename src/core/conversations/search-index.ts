/**
 * Keeps the index of the search: messages are taken from the feed in order of position, so those who speak never wait for it, and what
 * was said is found a moment later. How far it has come moves in the transaction of its effects.
 */

import type { Message } from '../events/shapes.ts'
import { type Database, isOutage, type Tx } from '../platform/database.ts'
import type { Logger } from '../platform/log.ts'
import type { Wake } from '../platform/wake.ts'
import { fold, mostCharacters, numbersOf, periodsOf, textsOf, tokensOf } from './search-form.ts'

interface Taken {
  readonly position: number
  readonly tenantId: string
  readonly message: Message
}

/** What of a message is kept to find it by; undefined when it says nothing. */
export function indexed(tenantId: string, message: Pick<Message, 'parts' | 'createdAt'>) {
  const { form } = fold(textsOf(message.parts).join(' ').slice(0, mostCharacters))
  const tokens = tokensOf(form)
  if (tokens.length === 0) return undefined
  const periods = periodsOf(new Date(message.createdAt)).map(({ token }) => token)
  return { form, tokens: numbersOf(tenantId, [...tokens, ...periods]) }
}

/**
 * Takes the next messages of the feed in; answers how far it has come, and whether there may be more. Two that do it at once
 * do it once.
 */
export async function indexNext(
  db: Database,
  most: number,
): Promise<{ readonly position: number; readonly more: boolean }> {
  const { from, upTo, rows } = await db.work('search', [], async (tx) => {
    const { from, upTo } = await tx.one<{ from: number; upTo: number }>(
      `select coalesce((select next from positions where consumer = 'search' and topic = 'feed' and partition = 0), 0) as from,
              (select position from feed) as up_to`,
    )
    const rows = await tx.query<Taken>(
      `select position, tenant_id, data->'message' as message from events
        where position > $1 and position <= $2 and type in ('message.created', 'message.updated') order by position limit $3`,
      from,
      upTo,
      most,
    )
    return { from, upTo, rows }
  })
  const more = rows.length === most
  const position = more ? (rows.at(-1)?.position ?? from) : upTo
  if (position === from) return { position, more: false }
  const tenantIds = [...new Set(rows.map(({ tenantId }) => tenantId))]
  await db.work('search', tenantIds, async (tx) => {
    const moved = await tx.run(
      `insert into positions as p (consumer, topic, partition, next) values ('search', 'feed', 0, $2)
       on conflict (consumer, topic, partition) do update set next = excluded.next where p.next = $1`,
      from,
      position,
    )
    if (moved === 0 || rows.length === 0) return
    // One that was erased since is not found again.
    const there = await tx.query<{ id: string }>(
      `select id from messages where tenant_id = any($1) and id = any($2) order by id for key share`,
      tenantIds,
      rows.map(({ message }) => message.id),
    )
    const ids = new Set(there.map(({ id }) => id))
    // Of one message that was told of twice, the last counts.
    const latest = [...new Map(rows.map((row) => [row.message.id, row])).values()]
    const texts = latest.flatMap(({ tenantId, message }) => {
      const text = ids.has(message.id) ? indexed(tenantId, message) : undefined
      return text === undefined ? [] : [{ tenantId, message, ...text }]
    })
    await keep(tx, texts)
  })
  return { position, more }
}

interface Text {
  readonly tenantId: string
  readonly message: Pick<Message, 'id' | 'conversationId' | 'createdAt'>
  readonly form: string
  readonly tokens: readonly number[]
}

/** What is kept already stays as it is. */
async function keep(tx: Tx, texts: readonly Text[]): Promise<void> {
  await tx.run(
    `insert into message_texts (tenant_id, message_id, conversation_id, at, form, tokens)
     select t, m, c, a, f, k::int[] from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
                                      as u (t, m, c, a, f, k)
     on conflict (tenant_id, message_id) do update set form = excluded.form, tokens = excluded.tokens
        where message_texts.form is distinct from excluded.form`,
    texts.map(({ tenantId }) => tenantId),
    texts.map(({ message }) => message.id),
    texts.map(({ message }) => message.conversationId),
    texts.map(({ message }) => message.createdAt),
    texts.map(({ form }) => form),
    texts.map(({ tokens }) => `{${tokens.join(',')}}`),
  )
}

/**
 * Takes in, tenant after tenant and the newest first, what was said before there was this index: the feed does not go back so far. Answers
 * whether there may be more. Two that do it at once do it once.
 */
export async function indexOlder(db: Database, most: number): Promise<boolean> {
  const next = await db.work('search', [], (tx) =>
    tx.maybe<{ tenantId: string; before: string }>(
      'select tenant_id, before from search_backfill order by tenant_id limit 1',
    ),
  )
  if (next === undefined) return false
  const { tenantId, before } = next
  await db.work('search', [tenantId], async (tx) => {
    const held = await tx.maybe(
      'select 1 from search_backfill where tenant_id = $1 and before = $2 for update',
      tenantId,
      before,
    )
    if (held === undefined) return
    const rows = await tx.query<Pick<Message, 'id' | 'conversationId' | 'parts'> & { createdAt: Date }>(
      `select id, conversation_id, parts, created_at from messages where tenant_id = $1 and id < $2
        order by id desc limit $3 for key share`,
      tenantId,
      before,
      most,
    )
    const messages = rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }))
    await keep(
      tx,
      messages.flatMap((message) => {
        const text = indexed(tenantId, message)
        return text === undefined ? [] : [{ tenantId, message, ...text }]
      }),
    )
    const last = rows.at(-1)
    if (last === undefined || rows.length < most)
      await tx.run('delete from search_backfill where tenant_id = $1', tenantId)
    else await tx.run('update search_backfill set before = $2 where tenant_id = $1', tenantId, last.id)
  })
  return true
}

const batch = 500
/** Messages that come singly are taken in together: the index costs less so, and nobody searches for what was said this moment. */
const gatherMs = 500
const pollMs = 2000

/** Takes in what is said for as long as it runs. Any number of processes may. */
export class SearchIndexer {
  readonly #parts: { readonly db: Database; readonly wake: Wake; readonly log: Logger }
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(parts: { readonly db: Database; readonly wake: Wake; readonly log: Logger }) {
    this.#parts = parts
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { db, wake, log } = this.#parts
    const { signal } = this.#stopping
    let hasOlder = true
    while (!signal.aborted) {
      try {
        if ((await indexNext(db, batch)).more) continue
        if (hasOlder) {
          hasOlder = await indexOlder(db, batch)
          // Little by little: who speaks comes first.
          if (hasOlder) {
            await wake.wait('jobs', gatherMs, signal)
            continue
          }
        }
      } catch (err) {
        if (isOutage(err)) log.warn({ err }, 'the index of the search waits for the database')
        else log.error({ err }, 'the index of the search does not get on')
      }
      await wake.wait('feed', pollMs, signal)
      await wake.wait('jobs', gatherMs, signal)
    }
  }
}
