/** Channels over the whole hub: one person on three of them, and one whose platform dials two hubs. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Message } from '../../src/core/conversations/model.ts'
import { farEnd as customProgram } from '../fakes/custom.ts'
import type { FarEnd } from '../fakes/far-end.ts'
import { Onebot } from '../fakes/qq-onebot.ts'
import { BotApi, farEnd as telegram } from '../fakes/telegram.ts'
import { WecomKf, farEnd as wecom } from '../fakes/wecom-kf.ts'
import { createTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'

let hub: HubProcess
let database: Awaited<ReturnType<typeof createTestDatabase>>
const settings = { TRIBUTARY_SECRETS__MASTER_KEY: randomBytes(32).toString('base64') }
const fars: FarEnd[] = []

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(new URL(path, hub.base), {
    method,
    headers: {
      authorization: `Bearer ${hub.apiKey}`,
      ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer}`)
  return JSON.parse(answer) as T
}

/** A channel over the API, with its far end; resolves when it is open. */
async function channel<F extends FarEnd>(kind: string, far: F): Promise<{ id: string; far: F }> {
  fars.push(far)
  const { id } = await ask<{ id: string }>('POST', '/v1/channels', { kind, name: kind, settings: far.settings })
  const none = async () => {
    throw new Error('This platform is not on a socket.')
  }
  far.serve({
    channelId: id,
    hookUrl: `${hub.base}/hooks/${kind}/${id}`,
    receive: none,
    accepted: none,
    received: none,
  })
  await eventually(
    async () => (await ask<{ state: { state: string } }>('GET', `/v1/channels/${id}`)).state.state === 'online',
  )
  return { id, far }
}

interface Heard {
  readonly id: string
  readonly contactId: string
  readonly messages: readonly Message[]
}
/** The conversation in which somebody said these words. */
const heard = (words: string): Promise<Heard> =>
  eventually(async () => {
    const { data } = await ask<{ data: { id: string; contactId: string }[] }>('GET', '/v1/conversations?status=open')
    for (const { id, contactId } of data) {
      const { data: messages } = await ask<{ data: Message[] }>('GET', `/v1/conversations/${id}/messages`)
      if (wordsOf(messages).includes(words)) return { id, contactId, messages }
    }
    return undefined
  })
const wordsOf = (messages: readonly Message[]) =>
  messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])))
const says = (on: { far: FarEnd }, peer: string, words: string) =>
  on.far.say({ id: words, peer, parts: [{ type: 'text', text: words }] })
const got = async (on: { far: FarEnd }, peer: string) =>
  (await on.far.taken()).filter((taken) => taken.peer === peer).flatMap(({ parts }) => parts)

beforeAll(async () => {
  database = await createTestDatabase()
  hub = await startHub({ databaseUrl: database.url, settings })
}, 120_000)
afterAll(async () => {
  await Promise.all(fars.map((far) => far.close()))
  await hub?.close()
  await database?.drop()
})

it('somebody who writes on three channels is one contact with one conversation, answered on the channel of choice', async () => {
  const bot = new BotApi()
  await bot.start()
  const service = new WecomKf()
  await service.start()
  const onTelegram = await channel(telegram.kind.kind, bot)
  const onWecom = await channel(wecom.kind.kind, service)
  const onCustom = await channel(customProgram.kind.kind, await customProgram.open())

  await says(onTelegram, 'li', 'hello from Telegram')
  const first = await heard('hello from Telegram')
  // The business knows who that is in WeChat: the address is theirs before they have written there.
  const address = { kind: 'wecom', scope: service.corpId, address: 'wm-li' }
  await ask('POST', `/v1/contacts/${first.contactId}/identities`, address)
  await says(onWecom, 'wm-li', 'hello from WeChat')
  expect((await heard('hello from WeChat')).id).toBe(first.id)

  // Of their program nobody knew it: two records, made one.
  await says(onCustom, 'li@app', 'hello from the app')
  const apart = await heard('hello from the app')
  expect(apart.contactId).not.toBe(first.contactId)
  await ask('POST', `/v1/contacts/${first.contactId}/merges`, { contactId: apart.contactId })
  await ask('POST', `/v1/conversations/${apart.id}/close`, {})
  await says(onCustom, 'li@app', 'again from the app')
  const whole = await heard('again from the app')
  expect(whole.id).toBe(first.id)
  expect(wordsOf(whole.messages)).toEqual(
    expect.arrayContaining(['hello from Telegram', 'hello from WeChat', 'again from the app']),
  )
  expect(
    new Set(whole.messages.filter(({ direction }) => direction === 'in').map(({ channelId }) => channelId)).size,
  ).toBe(3)
  const thread = await ask<{ data: Message[] }>('GET', `/v1/contacts/${first.contactId}/thread`)
  expect(wordsOf(thread.data)).toEqual(expect.arrayContaining(['hello from the app', ...wordsOf(whole.messages)]))

  const answer = (words: string, channelId?: string) =>
    ask('POST', `/v1/conversations/${whole.id}/messages`, { parts: [{ type: 'text', text: words }], channelId })
  const { data: ways } = await ask<{
    data: { channelId: string; isCurrent: boolean; isOpen: boolean; replyWindow: unknown; recall: unknown }[]
  }>('GET', `/v1/conversations/${whole.id}/ways`)
  expect(new Set(ways.map(({ channelId }) => channelId))).toEqual(new Set([onTelegram.id, onWecom.id, onCustom.id]))
  expect(ways.every(({ isOpen }) => isOpen)).toBe(true)
  expect(ways.filter(({ isCurrent }) => isCurrent).map(({ channelId }) => channelId)).toEqual([onCustom.id])
  expect(ways.find(({ channelId }) => channelId === onWecom.id)?.replyWindow).toMatchObject({ usesLeft: 5 })
  // Of Telegram for two days, of a program always, of WeCom for two minutes.
  expect([onTelegram, onCustom, onWecom].map(({ id }) => ways.find((way) => way.channelId === id)?.recall)).toEqual([
    { withinSeconds: 172_800 },
    { withinSeconds: null },
    { withinSeconds: 120 },
  ])
  await answer('where you wrote last')
  await answer('to Telegram', onTelegram.id)
  await answer('to WeChat', onWecom.id)
  await eventually(async () => (await got(onWecom, 'wm-li')).length > 0 && (await got(onTelegram, 'li')).length > 0)
  await eventually(async () => (await got(onCustom, 'li@app')).length > 0)
  expect(await got(onTelegram, 'li')).toEqual([{ type: 'text', text: 'to Telegram' }])
  expect(await got(onWecom, 'wm-li')).toEqual([{ type: 'text', text: 'to WeChat' }])
  expect(await got(onCustom, 'li@app')).toEqual([{ type: 'text', text: 'where you wrote last' }])
}, 180_000)

it('a platform that dials either of two hubs is taken by the one that holds the account, and what it says arrives once', async () => {
  const other = await startHub({ databaseUrl: database.url, settings })
  const gateway = new Onebot()
  await gateway.start()
  fars.push(gateway)
  try {
    const body = { kind: 'qq-onebot', name: 'qq', settings: gateway.settings }
    const { id } = await ask<{ id: string }>('POST', '/v1/channels', body)
    const hookUrl = `${hub.base}/hooks/qq-onebot/${id}`
    const none = async () => {
      throw new Error('This platform is on a socket.')
    }
    const place = { channelId: id, hookUrl, receive: none, accepted: none, received: none }
    gateway.serve(place, [hookUrl.replace(hub.base, other.base)])
    const says = async (words: string) => {
      const event = gateway.message('二', [{ type: 'text', data: { text: words } }])
      await gateway.tell(event)
      return event
    }
    /** The address at which it was let in last. */
    const letIn = () => gateway.dialled.findLast(({ isIn }) => isIn)?.address
    const times = (words: string, said: readonly Message[]) => wordsOf(said).filter((one) => one === words).length

    const event = await says('到哪一台都行')
    await heard('到哪一台都行')
    const first = letIn() ?? ''
    const [holder, standby] = first.startsWith(hub.base) ? [hub, other] : [other, hub]
    // Whoever does not hold it sends the gateway away.
    const headers = { authorization: `Bearer ${gateway.settings.accessToken}` }
    expect(await gateway.dialOnce(first.replace(holder.base, standby.base), headers)).toBe(503)

    // The holder is killed: the other takes the account over, and the gateway, which dials both in turn, gets in there.
    await holder.kill()
    await eventually(() => letIn()?.startsWith(standby.base), 30_000)
    await gateway.tell(event)
    await says('换了一台也行')
    await holder.start()
    const { messages } = await heard('换了一台也行')
    expect([times('到哪一台都行', messages), times('换了一台也行', messages)]).toEqual([1, 1])
  } finally {
    await gateway.close()
    await other.close()
  }
})
