/**
 * What every connector promises, whatever its platform: the suite of `npm run conformance -- KIND`.
 *
 * A kind plugs in with a far end of its own (test/fakes/<kind>.ts, see far-end.ts): the platform, played on a real socket.
 * Nothing else is played: the hub's runtime, its store and its embedded log are the real ones.
 */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fits } from '../../src/connectors/runtime/split.ts'
import type { Part, PartBlob } from '../../src/core/conversations/model.ts'
import { newId } from '../../src/core/platform/ids.ts'
import type { ConnectorUnderTest } from '../fakes/far-end.ts'
import { describeWhen, testWhen } from '../support/applying.ts'
import { eventually } from '../support/eventually.ts'
import { ConnectorBench, type TestChannel } from './connector-bench.ts'
import { digestOf, sampleBytes, samples } from './connector-samples.ts'

const text = (value: string): Part => ({ type: 'text', text: value })

let count = 0
const fresh = (what: string) => `${what}-${++count}`

export function connectorConformance(under: ConnectorUnderTest): void {
  const { kind, capabilities } = under.kind
  const knows = (manner: (typeof under.manners)[number]) => under.manners.includes(manner)

  describe(`a connector of kind ${kind}`, () => {
    let bench: ConnectorBench
    let channel: TestChannel

    beforeAll(async () => {
      bench = await ConnectorBench.open([under])
      channel = await bench.channel(under)
    })
    afterAll(async () => {
      await bench?.close()
    })

    /** A customer who has written, and so can be answered. */
    const customer = async (on: TestChannel = channel) => {
      const peer = fresh('peer')
      const id = fresh('hello')
      await on.far.say({ id, peer, parts: [text(`I am ${peer}`)] })
      const heard = await eventually(async () =>
        (await bench.heard(on.id)).find(({ parts: [part] }) => part?.type === 'text' && part.text === `I am ${peer}`),
      )
      return { peer, conversationId: heard.conversationId }
    }
    const takenBy = async (peer: string, on: TestChannel = channel) =>
      (await on.far.taken()).filter((taken) => taken.peer === peer)

    const uploaded = async (part: Extract<Part, { blob: unknown }>): Promise<Part> => {
      const { name = '' } = part.blob
      return { ...part, blob: await bench.upload(name, sampleBytes(name)) }
    }
    /** Which files reached the platform, by what is in them, and what was said of them, whether beside or behind. */
    const told = (parts: readonly Part[]) => ({
      files: parts.flatMap((part) => ('blob' in part ? [digestIn(part.blob)] : [])),
      words: parts
        .flatMap((part) => ('blob' in part ? (part.caption ?? []) : part.type === 'text' ? part.text : []))
        .join(' '),
    })
    /** A platform says by the digest what it was given; what went through our own store is looked up. */
    const digestIn = ({ locator, fileId }: PartBlob) =>
      (locator as { sha256?: string } | undefined)?.sha256 ?? bench.digests.get(fileId ?? '')

    describe('inbound', () => {
      it.each(under.carriesIn)('a part of type %s comes in as it was said', async (type) => {
        const peer = fresh('peer')
        const said = samples[type]
        await channel.far.say({ id: fresh('said'), peer, parts: [said] })
        await bench.drained()
        const heard = await bench.heard(channel.id)
        if (!('blob' in said)) return expect(heard.map(({ parts }) => parts)).toContainEqual([said])
        // A file is told of at once, and comes after its message; who speaks through our own API has brought it before.
        const part = heard.flatMap(({ parts }) => parts).findLast((one) => 'blob' in one && one.type === type)
        if (part === undefined || !('blob' in part)) throw new Error('nothing was told of the file')
        expect(part.blob).not.toHaveProperty('locator')
        const { maxCaption = Infinity } = capabilities.parts[type] ?? { maxCaption: 0 }
        expect(part.caption).toBe(maxCaption === 0 ? undefined : said.caption)
        if (part.blob.fileId === undefined) return expect(part).toEqual(said)
        const file = await bench.came(part.blob.fileId)
        expect(file).toMatchObject({ state: 'ready', sha256: digestOf(sampleBytes(said.blob.name)) })
      })

      testWhen(under.filesVanish === true)('a file that the platform has forgotten is shown as such', async () => {
        const said = samples.file
        const forgotten = { ...said, blob: { ...said.blob, name: 'forgotten.pdf' } }
        await channel.far.say({ id: fresh('said'), peer: fresh('peer'), parts: [forgotten] })
        await bench.drained()
        const part = (await bench.heard(channel.id)).flatMap(({ parts }) => parts).findLast((one) => 'blob' in one)
        const file = await bench.came(part !== undefined && 'blob' in part ? part.blob.fileId : undefined)
        expect(file).toMatchObject({ state: 'failed', failure: { code: 'file-gone' } })
      })

      it('what one customer says comes in in its order', async () => {
        const peer = fresh('peer')
        const words = Array.from({ length: 10 }, (_, index) => `${peer} ${index}`)
        for (const word of words) await channel.far.say({ id: fresh('said'), peer, parts: [text(word)] })
        await bench.drained()
        const heard = (await bench.heard(channel.id)).flatMap(({ parts: [part] }) =>
          part?.type === 'text' ? [part.text] : [],
        )
        expect(heard.filter((word) => words.includes(word))).toEqual(words)
      })

      it('an event that is delivered twice is one message', async () => {
        const said = { id: fresh('twice'), peer: fresh('peer'), parts: [text(fresh('twice the same'))] }
        await channel.far.say(said)
        await channel.far.say(said)
        await bench.drained()
        expect((await bench.heard(channel.id)).filter(({ parts }) => same(parts, said.parts))).toHaveLength(1)
      })

      it('an event whose acknowledgement is lost after it was kept comes again, and is one message', async () => {
        const said = { id: fresh('lost'), peer: fresh('peer'), parts: [text(fresh('kept, not acknowledged'))] }
        bench.forgetNextAcknowledgement()
        await channel.far.say(said).catch(() => channel.far.say(said))
        await bench.drained()
        expect((await bench.heard(channel.id)).filter(({ parts }) => same(parts, said.parts))).toHaveLength(1)
        await bench.opened(channel.id)
      })

      it('hostile text comes in, made storable', async () => {
        const words = `${fresh('hostile')} \u0000 \ud800 ‮ 👨‍👩‍👧 <script>`
        await channel.far.say({ id: fresh('said'), peer: fresh('peer'), parts: [text(words)] })
        await bench.drained()
        const heard = (await bench.heard(channel.id)).map(({ parts }) => parts)
        const kept = words.replace('\u0000', '\ufffd').replace('\ud800', '\ufffd')
        expect(heard).toContainEqual([text(kept)])
      })
    })

    describeWhen(under.signs)('a call of the platform', () => {
      it('that is not what was signed is refused, and nothing comes in', async () => {
        const said = { id: fresh('forged'), peer: fresh('peer'), parts: [text(fresh('forged'))] }
        const answers = await channel.far.forge?.(said)
        expect(answers?.length).toBeGreaterThan(0)
        for (const { forged, status } of answers ?? []) {
          expect(status, forged).toBeGreaterThanOrEqual(400)
          expect(status, forged).toBeLessThan(500)
        }
        await bench.drained()
        expect((await bench.heard(channel.id)).filter(({ parts }) => same(parts, said.parts))).toEqual([])
      })
    })

    describe('outbound', () => {
      it('a text reaches the customer once and is accepted', async () => {
        const { peer, conversationId } = await customer()
        const messageId = await bench.reply(conversationId, [text('Good morning')])
        const delivery = await bench.delivery(messageId, 'accepted', 'delivered', 'read')
        expect(delivery.externalId).toEqual(expect.any(String))
        expect((await takenBy(peer)).map(({ parts }) => parts)).toEqual([[text('Good morning')]])
      })

      it.each(Object.keys(samples) as Part['type'][])(
        'a part of type %s arrives, as itself or in words',
        async (type) => {
          const { peer, conversationId } = await customer()
          const sample = samples[type]
          const sent = 'blob' in sample ? await uploaded(sample) : sample
          const messageId = await bench.reply(conversationId, [sent])
          await bench.delivery(messageId, 'accepted', 'delivered', 'read')
          await eventually(async () => (await bench.deliveries(messageId)).every(({ state }) => state === 'accepted'))
          const parts = (await takenBy(peer)).flatMap((taken) => taken.parts)
          expect(parts.length).toBeGreaterThan(0)
          // What an agent uploads is what its bytes say: a sticker is a picture.
          const { image } = capabilities.parts
          const isPicture = type === 'sticker' && image !== undefined && image.mediaTypes === undefined
          if (!(type in capabilities.parts) && !isPicture) {
            expect(parts.every((part) => part.type === 'text' && part.text.trim() !== '')).toBe(true)
            if ('blob' in sample) expect(JSON.stringify(parts)).toContain('/v1/media/')
          } else if ('blob' in sample) {
            expect(told(parts)).toEqual({
              files: [digestOf(sampleBytes(sample.blob.name))],
              words: sample.caption ?? '',
            })
          } else expect(parts).toEqual([sample])
        },
      )

      it('answers to one customer arrive in their order, long ones in pieces that fit', async () => {
        const { peer, conversationId } = await customer()
        const long = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ')
        const ids: string[] = []
        for (const words of ['first', long, 'last']) ids.push(await bench.reply(conversationId, [text(words)]))
        for (const id of ids) {
          await eventually(async () => (await bench.deliveries(id)).every(({ state }) => state === 'accepted'))
        }
        const arrived = (await takenBy(peer)).flatMap(({ parts }) =>
          parts.map((part) => (part.type === 'text' ? part.text : '')),
        )
        expect(arrived.every((words) => fits(words, capabilities.text))).toBe(true)
        expect(arrived.join(' ')).toBe(`first ${long} last`)
      })

      testWhen(capabilities.recall !== undefined)(
        'what is taken back is taken back at the platform, once',
        async () => {
          const { peer, conversationId } = await customer()
          const messageId = await bench.reply(conversationId, [text('Sorry, that was for somebody else')])
          await bench.delivery(messageId, 'accepted', 'delivered', 'read')
          expect(await bench.recall(conversationId, messageId)).toBe('done')
          // Asked for again, it is done.
          expect(await bench.recall(conversationId, messageId)).toBe('done')
          const ids = (await takenBy(peer)).map(({ id }) => id)
          expect(channel.far.recalled?.().filter((id) => ids.includes(id)) ?? ids).toEqual(ids)
        },
      )

      testWhen(capabilities.typing.out)('that somebody is writing is shown once for as long as it lasts', async () => {
        const { peer, conversationId } = await customer()
        const { typed } = channel.far
        // Whom the hub itself tells, it tells over its own streams.
        if (typed === undefined) return expect(bench.supervisor.find(channel.id)?.connector.typing).toBeUndefined()
        const shown = () => channel.far.typed?.().length ?? 0
        const before = shown()
        for (let times = 0; times < 3; times++) bench.writes(conversationId)
        await eventually(() => shown() > before)
        await bench.delivery(await bench.reply(conversationId, [text('Here you are')]), 'accepted', 'delivered', 'read')
        expect(shown()).toBe(before + 1)
        expect(await takenBy(peer)).not.toEqual([])
      })

      testWhen(knows('refuse-for-ever'))('a refusal for ever fails the message, and the next one goes', async () => {
        const { peer, conversationId } = await customer()
        channel.far.next('refuse-for-ever')
        const refused = await bench.reply(conversationId, [text('no')])
        const next = await bench.reply(conversationId, [text('yes')])
        expect((await bench.delivery(refused, 'failed')).failure?.code).toBe('rejected')
        await bench.delivery(next, 'accepted')
        expect((await takenBy(peer)).map(({ parts }) => parts)).toEqual([[text('yes')]])
      })

      testWhen(knows('refuse-for-now'))('a refusal for now is tried again, before anything behind it', async () => {
        const { peer, conversationId } = await customer()
        channel.far.next('refuse-for-now')
        channel.far.next('refuse-for-now')
        const first = await bench.reply(conversationId, [text('first')])
        const second = await bench.reply(conversationId, [text('second')])
        expect((await bench.delivery(first, 'accepted')).attempts).toBe(3)
        await bench.delivery(second, 'accepted')
        expect((await takenBy(peer)).map(({ parts }) => parts)).toEqual([[text('first')], [text('second')]])
      })

      testWhen(knows('limit-for-an-hour'))('too fast for the platform: the lane waits as long as it asks', async () => {
        const { peer, conversationId } = await customer()
        channel.far.next('limit-for-an-hour')
        const messageId = await bench.reply(conversationId, [text('too fast')])
        const waiting = await eventually(async () => {
          const [delivery] = await bench.deliveries(messageId)
          return delivery?.failure != null && delivery
        })
        expect(waiting).toMatchObject({ state: 'queued', later: true, failure: { code: 'rate-limited' } })
        expect(await takenBy(peer)).toEqual([])
      })

      testWhen(knows('limit-for-a-while'))(
        'too fast, for no time that is said: the message waits, and is no failure',
        async () => {
          const { peer, conversationId } = await customer()
          channel.far.next('limit-for-a-while')
          const messageId = await bench.reply(conversationId, [text('too fast')])
          await eventually(async () => {
            const [delivery] = await bench.deliveries(messageId)
            const waits = delivery?.state === 'queued' && delivery.failure?.code === 'rate-limited'
            return waits || (delivery?.state === 'accepted' && delivery.attempts === 2)
          })
          expect((await takenBy(peer)).length).toBeLessThan(2)
        },
      )

      describeWhen(capabilities.tickets === 'needed')('a window', () => {
        const answersAgain = async (peer: string, conversationId: string) => {
          const before = (await bench.heard(channel.id)).length
          await channel.far.say({ id: fresh('again'), peer, parts: [text('still there?')] })
          await bench.heard(channel.id, before + 1)
          await bench.delivery(await bench.reply(conversationId, [text('yes')]), 'accepted', 'delivered')
          expect((await takenBy(peer)).map(({ parts }) => parts)).toEqual([[text('yes')]])
        }
        const isClosed = async (peer: string, messageId: string) => {
          expect((await bench.delivery(messageId, 'failed')).failure?.code).toBe('window-closed')
          expect(await takenBy(peer)).toEqual([])
        }

        it('that has run out takes no answer until the customer has written again', async () => {
          const { peer, conversationId } = await customer()
          await bench.closeWindows(channel.id)
          await isClosed(peer, await bench.reply(conversationId, [text('too late')]))
          await answersAgain(peer, conversationId)
        })

        it('that the platform calls closed is closed, until the customer has written again', async () => {
          const { peer, conversationId } = await customer()
          channel.far.next('close-window')
          await isClosed(peer, await bench.reply(conversationId, [text('too late')]))
          await isClosed(peer, await bench.reply(conversationId, [text('not asked any more')]))
          await answersAgain(peer, conversationId)
        })
      })

      testWhen(knows('take-and-cut'))('an unknown outcome is never a second message', async () => {
        const { peer, conversationId } = await customer()
        channel.far.next('take-and-cut')
        const messageId = await bench.reply(conversationId, [text('perhaps')])
        const { state } = await bench.delivery(messageId, 'accepted', 'unknown')
        expect(state).toBe(capabilities.idempotency === 'native' ? 'accepted' : 'unknown')
        // The lane goes on, and what came before it is not sent again on the way.
        const next = await bench.reply(conversationId, [text('next')])
        await bench.delivery(next, 'accepted')
        const taken = await takenBy(peer)
        expect(new Set(taken.map(({ id }) => id)).size).toBe(2)
        expect(taken.length).toBe(capabilities.idempotency === 'native' ? 3 : 2)
      })
    })

    describeWhen(under.drops || knows('hang') || under.kind.hook !== undefined)('a channel', () => {
      testWhen(under.drops)('that is lost is opened again, and sends again', async () => {
        const { peer, conversationId } = await customer()
        const before = bench.supervisor.find(channel.id)?.connector
        channel.far.drop?.()
        await eventually(() => {
          const now = bench.supervisor.find(channel.id)?.connector
          return now !== undefined && now !== before
        })
        await bench.delivery(await bench.reply(conversationId, [text('there again')]), 'accepted')
        expect(await takenBy(peer)).toHaveLength(1)
      })

      testWhen(knows('hang'))(
        'can be closed in the middle of a send, and what hung is not sent blindly again',
        async () => {
          const other = await bench.channel(under)
          const { peer, conversationId } = await customer(other)
          other.far.next('hang')
          const messageId = await bench.reply(conversationId, [text('in the middle')])
          await eventually(async () => (await takenBy(peer, other)).length === 1)
          await bench.switchChannel(other.id, kind, false)
          await bench.closed(other.id)
          await bench.switchChannel(other.id, kind, true)
          await bench.opened(other.id)
          const { state } = await bench.delivery(messageId, 'accepted', 'unknown')
          expect(state).toBe(capabilities.idempotency === 'native' ? 'accepted' : 'unknown')
          const next = await bench.reply(conversationId, [text('after')])
          await bench.delivery(next, 'accepted')
          expect(new Set((await takenBy(peer, other)).map(({ id }) => id)).size).toBe(2)
        },
      )

      testWhen(under.kind.hook !== undefined)(
        'answers its hook alike whether it is unknown, of another kind or switched off',
        async () => {
          const other = await bench.channel(under)
          await bench.switchChannel(other.id, kind, false)
          await bench.closed(other.id)
          const ask = async (url: string) => {
            const response = await fetch(url, { method: 'POST', body: '{}' })
            const { instance: _, ...problem } = (await response.json()) as { instance: string }
            return { status: response.status, problem }
          }
          const answers = [
            await ask(channel.hookUrl.replace(channel.id, newId('chn'))),
            await ask(channel.hookUrl.replace(channel.id, 'chn_nonsense')),
            await ask(channel.hookUrl.replace(`/${kind}/`, '/another/')),
            await eventually(async () => {
              const answer = await ask(other.hookUrl)
              return answer.status === 404 && answer
            }),
          ]
          for (const answer of answers) expect(answer).toEqual(answers[0])
          expect(answers[0]?.status).toBe(404)
        },
      )
    })

    // Last, over all that has been logged and told above.
    it('keeps its secrets out of logs, events, states and failures', async () => {
      const told = (await bench.told()) + bench.lines.join('')
      expect(bench.lines.length).toBeGreaterThan(0)
      for (const secret of channel.far.secrets) expect(told.includes(secret)).toBe(false)
    })
  })
}

/** The store keeps no order of members. */
function same(a: readonly Part[], b: readonly Part[]): boolean {
  return isDeepStrictEqual(a, b)
}
