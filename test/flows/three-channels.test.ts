/** One person on three channels: their records become one, one conversation shows all of it, and the answer goes where the agent wants. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Message } from '../../src/core/conversations/model.ts'
import { farEnd as customProgram } from '../fakes/custom.ts'
import type { FarEnd } from '../fakes/far-end.ts'
import { BotApi, farEnd as telegram } from '../fakes/telegram.ts'
import { WecomKf, farEnd as wecom } from '../fakes/wecom-kf.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'

let hub: HubProcess
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
  hub = await startHub()
}, 120_000)
afterAll(async () => {
  await Promise.all(fars.map((far) => far.close()))
  await hub?.close()
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
    data: { channelId: string; isCurrent: boolean; isOpen: boolean; replyWindow: unknown }[]
  }>('GET', `/v1/conversations/${whole.id}/ways`)
  expect(new Set(ways.map(({ channelId }) => channelId))).toEqual(new Set([onTelegram.id, onWecom.id, onCustom.id]))
  expect(ways.every(({ isOpen }) => isOpen)).toBe(true)
  expect(ways.filter(({ isCurrent }) => isCurrent).map(({ channelId }) => channelId)).toEqual([onCustom.id])
  expect(ways.find(({ channelId }) => channelId === onWecom.id)?.replyWindow).toMatchObject({ usesLeft: 5 })
  await answer('where you wrote last')
  await answer('to Telegram', onTelegram.id)
  await answer('to WeChat', onWecom.id)
  await eventually(async () => (await got(onWecom, 'wm-li')).length > 0 && (await got(onTelegram, 'li')).length > 0)
  await eventually(async () => (await got(onCustom, 'li@app')).length > 0)
  expect(await got(onTelegram, 'li')).toEqual([{ type: 'text', text: 'to Telegram' }])
  expect(await got(onWecom, 'wm-li')).toEqual([{ type: 'text', text: 'to WeChat' }])
  expect(await got(onCustom, 'li@app')).toEqual([{ type: 'text', text: 'where you wrote last' }])
}, 180_000)
