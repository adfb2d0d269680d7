/** A bot beyond what all connectors promise: called instead of asking, messages that are edited and reacted to. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hookSecret } from '../../../src/connectors/telegram/connector.ts'
import { ConnectorBench } from '../../conformance/connector-bench.ts'
import { BotApi, farEnd } from '../../fakes/telegram.ts'
import { eventually } from '../../support/eventually.ts'

let bench: ConnectorBench
beforeAll(async () => {
  bench = await ConnectorBench.open([farEnd])
})
afterAll(() => bench?.close())

const channel = async (settings: object = {}) => {
  const bot = new BotApi(settings)
  await bot.start()
  return { ...(await bench.channel({ ...farEnd, open: async () => bot })), bot }
}
const text = (words: string) => ({ type: 'text', text: words }) as const
const kept = (id: string) =>
  bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
    tx.one<{ parts: object[]; editedAt: Date | null; reactions: Record<string, string[]> }>(
      'select parts, edited_at, reactions from messages where id = $1',
      id,
    ),
  )

it('a bot that Telegram calls hears and answers, and believes nobody else', async () => {
  const { id, bot, hookUrl } = await channel({ updates: 'webhook' })
  await bot.say({ id: 'one', peer: 'ann', parts: [text('called')] })
  const [heard] = await bench.heard(id, 1)
  expect(heard?.parts).toEqual([text('called')])
  await bench.delivery(await bench.reply(heard?.conversationId ?? '', [text('answered')]), 'accepted')
  const update = { update_id: 1, message: { message_id: 1, date: 1, text: 'forged', ...bot.person('ann') } }
  for (const secret of ['', 'wrong', 'a'.repeat(64)]) expect(await bot.call(update, secret)).toBe(403)
  expect(await bot.call({ hello: true })).toBe(400)
  const headers = { 'x-telegram-bot-api-secret-token': hookSecret(bot.settings) }
  for (const body of ['{"update_id":1', '[]', 'null', '"update_id"', '\xff']) {
    expect((await fetch(hookUrl, { method: 'POST', headers, body: Buffer.from(body, 'latin1') })).status, body).toBe(
      400,
    )
  }
  await bench.drained()
  expect(await bench.heard(id)).toHaveLength(1)
})

it('a bot that asks is not called', async () => {
  const { bot } = await channel()
  expect(await bot.call({ update_id: 1 }, 'a'.repeat(64))).toBe(403)
})

it('what somebody edits is shown as it is now, the latest edit last', async () => {
  const { id, bot } = await channel()
  const said = { message_id: 900, date: 1_790_000_000, ...bot.person('bea') }
  bot.happen({ message: { ...said, text: 'one lamp' } })
  const [message] = await bench.heard(id, 1)
  bot.happen({ edited_message: { ...said, text: 'three lamps', edit_date: 1_790_000_020 } })
  bot.happen({ edited_message: { ...said, text: 'two lamps', edit_date: 1_790_000_010 } })
  bot.happen({ edited_message: { ...said, message_id: 901, text: 'never said', edit_date: 1_790_000_030 } })
  bot.happen({ message: { ...said, message_id: 902, text: 'bye' } })
  await bench.heard(id, 2)
  // An edit that came before its message waits for it.
  bot.happen({ message: { ...said, message_id: 903, text: 'at first' } })
  bot.happen({ message: { ...said, message_id: 901, text: 'at first' } })
  const late = (await bench.heard(id, 4)).find(({ externalId }) => externalId?.endsWith(':901'))
  expect(late?.parts).toEqual([text('never said')])
  expect(await kept(message?.id ?? '')).toMatchObject({
    parts: [text('three lamps')],
    editedAt: new Date(1_790_000_020_000),
  })
  const told = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
    tx.query<{ message: { parts: object[] } }>(
      `select data -> 'message' as message from outbox where type = 'message.updated' and data #>> '{message,id}' = $1`,
      message?.id,
    ),
  )
  expect(told.map(({ message }) => message.parts)).toEqual([[text('three lamps')]])
})

it('what people show on a message, of theirs or of ours, is shown on it until they take it back', async () => {
  const { id, bot } = await channel()
  await bot.say({ id: 'hi', peer: 'cleo', parts: [text('hi')] })
  const [heard] = await bench.heard(id, 1)
  const answer = await bench.reply(heard?.conversationId ?? '', [text('hello')])
  const { externalId } = await bench.delivery(answer, 'accepted')
  const { from, chat } = bot.person('cleo')
  const react = (message: string | null | undefined, ...emojis: string[]) =>
    bot.happen({
      message_reaction: {
        chat,
        user: from,
        message_id: Number(message?.split(':')[1]),
        date: 1_790_000_000,
        old_reaction: [],
        new_reaction: emojis.map((emoji) => ({ type: 'emoji', emoji })),
      },
    })
  react(externalId, '👍')
  react(heard?.externalId, '🔥')
  await eventually(async () => Object.keys((await kept(heard?.id ?? '')).reactions).length > 0)
  expect((await kept(answer)).reactions).toEqual({ [`telegram:${from.id}`]: ['👍'] })
  react(externalId, '❤', '👏')
  react(heard?.externalId)
  await eventually(async () => Object.keys((await kept(heard?.id ?? '')).reactions).length === 0)
  expect(Object.values((await kept(answer)).reactions)).toEqual([['❤', '👏']])
})
