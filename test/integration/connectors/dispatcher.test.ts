import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Undelivered } from '../../../src/connectors/contract.ts'
import { eventually } from '../../support/eventually.ts'
import { Script, SendingBench } from './scripted.ts'

/** Columns of a delivery whose claimer died while it was being sent. */
const died = { state: `'sending'`, owner: `'dead'`, attempts: '1', claimed_until: `now() - interval '1 second'` }

describe('the dispatcher', () => {
  let bench: SendingBench
  beforeAll(async () => {
    bench = await SendingBench.open()
  })
  afterAll(async () => {
    await bench?.close()
  })

  /** A channel of that script, sending. */
  const sending = async (script: Script) => {
    const channelId = await bench.channel(script)
    const node = await bench.node(script)
    await eventually(() => node.supervisor.find(channelId))
    node.dispatcher.start()
    return { channelId, node }
  }

  it('sends each lane in order, and lanes side by side', async () => {
    const script = new Script('lanes')
    let release: () => void = () => {}
    const stuck = new Promise<void>((resolve) => {
      release = resolve
    })
    script.sending = async ({ id, peer }) => {
      if (peer === 'slow') await stuck
      return { externalId: `x-${id}` }
    }
    const { channelId } = await sending(script)
    const slow = await bench.queue(channelId, 'slow', ['one', 'two'])
    const quick = await bench.queue(channelId, 'quick', ['a', 'b', 'c'])
    await bench.settled(quick[2], 'accepted')
    expect(script.textsTo('quick')).toEqual(['a', 'b', 'c'])
    expect(script.textsTo('slow')).toEqual(['one'])
    release()
    await bench.settled(slow[1], 'accepted')
    expect(script.textsTo('slow')).toEqual(['one', 'two'])
  })

  it('sends each message once and in order when several processes serve a channel', async () => {
    const script = new Script('shared')
    const { channelId } = await sending(script)
    const another = await bench.node(script)
    another.dispatcher.start()
    const peers = ['a', 'b', 'c', 'd', 'e']
    const words = Array.from({ length: 12 }, (_, index) => `${index}`)
    const ids = await Promise.all(peers.map((peer) => bench.queue(channelId, peer, words)))
    for (const lane of ids) await bench.settled(lane.at(-1), 'accepted')
    for (const peer of peers) expect(script.textsTo(peer)).toEqual(words)
  })

  describe('takes over what a dead process was sending', () => {
    it('and sends it again with its id where the platform recognises that', async () => {
      const script = new Script('native', { idempotency: 'native' })
      const { channelId } = await sending(script)
      const [id] = await bench.queue(channelId, 'p', ['again'], died)
      expect(await bench.settled(id, 'accepted')).toMatchObject({ attempts: 2 })
      expect(script.sent.map((message) => [message.id, message.attempt])).toEqual([[id, 2]])
    })

    it('and never where the platform does not: nobody knows whether it arrived', async () => {
      const script = new Script('blind')
      const { channelId } = await sending(script)
      const [id] = await bench.queue(channelId, 'p', ['perhaps'], died)
      const [next] = await bench.queue(channelId, 'q', ['next'])
      expect((await bench.settled(id, 'unknown')).failure?.code).toBe('outcome-unknown')
      await bench.settled(next, 'accepted')
      expect(script.textsTo('p')).toEqual([])
    })

    it.each([
      ['arrived', { externalId: 'there' }, 'accepted', []],
      ['absent', 'absent' as const, 'accepted', ['asked for']],
      ['unknown', 'unknown' as const, 'unknown', []],
    ])('and asks the platform where it can tell: %s', async (name, answer, state, sent) => {
      const script = new Script(`lookup-${name}`, { idempotency: 'lookup' })
      script.asking = async () => answer
      const { channelId } = await sending(script)
      const [id] = await bench.queue(channelId, 'p', ['asked for'], died)
      await bench.settled(id, state)
      expect(script.textsTo('p')).toEqual(sent)
    })
  })

  it('counts a send that takes too long as unknown, asks where it can, and goes on', async () => {
    const script = new Script('silent', { idempotency: 'lookup', sendTimeoutMs: 100 })
    script.sending = ({ parts: [part], id }) =>
      part?.type === 'text' && part.text === 'silence'
        ? new Promise(() => {})
        : Promise.resolve({ externalId: `x-${id}` })
    script.asking = async ({ peer }) => (peer === 'there' ? { externalId: 'found' } : 'unknown')
    const { channelId } = await sending(script)
    const [found] = await bench.queue(channelId, 'there', ['silence'])
    const [lost, next] = await bench.queue(channelId, 'away', ['silence', 'next'])
    await bench.settled(found, 'accepted')
    await bench.settled(lost, 'unknown')
    await bench.settled(next, 'accepted')
    expect(script.textsTo('away')).toEqual(['silence', 'next'])
  })

  it('sends again what the platform has certainly not got', async () => {
    const script = new Script('asked', { idempotency: 'lookup' })
    let failures = 0
    script.sending = async ({ id }) => {
      if (++failures === 1) throw new Error('the connection broke')
      return { externalId: `x-${id}` }
    }
    script.asking = async () => 'absent'
    const { channelId } = await sending(script)
    const [id] = await bench.queue(channelId, 'p', ['hello'])
    expect(await bench.settled(id, 'accepted')).toMatchObject({ attempts: 2 })
  })

  it('follows a chat that has moved, with all that waits for it', async () => {
    const script = new Script('moving')
    script.sending = async ({ id, peer }) => {
      if (peer === 'old') throw new Undelivered('moved', 'It is a supergroup now.', { peer: 'new' })
      return { externalId: `x-${id}` }
    }
    const { channelId } = await sending(script)
    const ids = await bench.queue(channelId, 'old', ['one', 'two'])
    expect(await bench.settled(ids[1], 'accepted')).toMatchObject({ peer: 'new' })
    expect(script.textsTo('new')).toEqual(['one', 'two'])
  })

  it('says that an account is refused, and takes it back when it is not any more', async () => {
    const script = new Script('refused')
    script.sending = async () => {
      throw new Undelivered('auth', 'Bad token.')
    }
    const { channelId } = await sending(script)
    const [id] = await bench.queue(channelId, 'p', ['hello'])
    await eventually(async () => (await bench.stateOf(channelId)).state === 'degraded')
    expect(await bench.settled(id, 'queued')).toMatchObject({ failure: { code: 'auth' } })
    script.sending = async () => ({ externalId: 'x' })
    await bench.rows('update deliveries set due_at = now() where message_id = $1', id)
    await bench.settled(id, 'accepted')
    await eventually(async () => (await bench.stateOf(channelId)).state === 'online')
  })

  it('splits what is too long in its lane, before what follows', async () => {
    const script = new Script('short', { text: { maxCharacters: 10 } })
    const { channelId } = await sending(script)
    const ids = await bench.queue(channelId, 'p', ['one two three four', 'five'])
    await bench.settled(ids[1], 'accepted')
    expect(script.textsTo('p')).toEqual(['one two', 'three four', 'five'])
    expect(script.sent.map(({ id }) => id)).toEqual([ids[0], `${ids[0]}_1`, ids[1]])
  })

  it('fails what has nothing to show, and what has waited past its time', async () => {
    const script = new Script('late')
    const { channelId } = await sending(script)
    const [blank] = await bench.queue(channelId, 'p', ['   '])
    expect((await bench.settled(blank, 'failed')).failure?.code).toBe('message-empty')
    script.sending = async () => {
      throw new Undelivered('retry', 'Later.')
    }
    const [late] = await bench.queue(channelId, 'q', ['late'], { give_up_at: `now() + interval '100 milliseconds'` })
    expect((await bench.settled(late, 'failed')).failure?.code).toBeDefined()
  })

  it('keeps to the pace of a peer without holding others up', async () => {
    const script = new Script('paced', { pace: [{ scope: 'peer', max: 2, perMs: 400 }] })
    const { channelId } = await sending(script)
    const slow = await bench.queue(channelId, 'p', ['1', '2', '3', '4'])
    const other = await bench.queue(channelId, 'q', ['a'])
    await bench.settled(other[0], 'accepted')
    await bench.settled(slow[3], 'accepted')
    expect(script.textsTo('p')).toEqual(['1', '2', '3', '4'])
  })

  it('keeps its claim for as long as a send takes, and knows when it has lost it', async () => {
    const script = new Script('patient')
    let release: () => void = () => {}
    script.sending = async ({ id }) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return { externalId: `x-${id}` }
    }
    const { channelId } = await sending(script)
    const claimOf = async (id: string | undefined) =>
      (
        await bench.rows<{ claimedUntil: Date; owner: string; id: number }>(
          'select id, claimed_until, owner from deliveries where message_id = $1',
          id,
        )
      )[0]
    const [id] = await bench.queue(channelId, 'p', ['slowly'])
    await eventually(() => script.sent.length === 1)
    const first = await claimOf(id)
    await eventually(async () => Number((await claimOf(id))?.claimedUntil) > Number(first?.claimedUntil))

    await bench.rows(`update deliveries set owner = 'another' where message_id = $1`, id)
    release()
    const [next] = await bench.queue(channelId, 'q', ['next'])
    await eventually(() => script.sent.length === 2)
    release()
    await bench.settled(next, 'accepted')
    // What the other is doing with it is not ours to record.
    expect(await claimOf(id)).toMatchObject({ owner: 'another' })
  })

  it('stops without taking more, and leaves the rest to others', async () => {
    const script = new Script('stopping')
    const { channelId, node } = await sending(script)
    const [first] = await bench.queue(channelId, 'p', ['first'])
    await bench.settled(first, 'accepted')
    await node.stop()
    const [rest] = await bench.queue(channelId, 'p', ['rest'])
    expect(await bench.settled(rest, 'queued')).toMatchObject({ attempts: 0 })
    const another = await bench.node(script)
    another.dispatcher.start()
    await bench.settled(rest, 'accepted')
    expect(script.textsTo('p')).toEqual(['first', 'rest'])
  })

  describe('takes back', () => {
    const sent = async (script: Script, text: string) => {
      const { channelId } = await sending(script)
      const [id] = await bench.queue(channelId, 'p', [text])
      await bench.settled(id, 'accepted')
      return id
    }

    it('what may have been taken back already once more, until the platform says that it is gone', async () => {
      const script = new Script('forgetful', { recall: {} })
      const refusals = [new Error('the connection broke'), new Undelivered('retry', 'Busy.')]
      script.takingBack = async () => {
        const refusal = refusals.shift()
        if (refusal !== undefined) throw refusal
      }
      const id = await sent(script, 'oh no')
      expect(await bench.recall(script, id)).toBe('asked')
      expect(await bench.recalled(id)).toMatchObject({ state: 'done' })
      expect(script.gone).toMatchObject(Array(3).fill({ peer: 'p', messageId: id, externalId: `x-${id}` }))
      expect(await bench.recall(script, id)).toBe('done')
      expect(script.gone).toHaveLength(3)
    })

    it('nothing that the platform refuses to, says why, and tries again when somebody asks again', async () => {
      const script = new Script('strict', { recall: { withinMs: 60_000 } })
      script.takingBack = async () => {
        throw new Undelivered('rejected', 'It is too late.')
      }
      const id = await sent(script, 'stays')
      await bench.recall(script, id)
      expect(await bench.recalled(id)).toMatchObject({
        state: 'failed',
        failure: { code: 'rejected', detail: 'It is too late.' },
      })
      expect(script.gone).toHaveLength(1)
      script.takingBack = async () => {}
      expect(await bench.recall(script, id)).toBe('asked')
      expect(await bench.recalled(id)).not.toHaveProperty('failure')
    })

    it('what is just being sent once it has arrived, and what waits behind it never goes', async () => {
      const script = new Script('slow-to-send', { recall: {} })
      const { promise: stuck, resolve: release } = Promise.withResolvers<void>()
      script.sending = async ({ id }) => {
        await stuck
        return { externalId: `x-${id}` }
      }
      const { channelId } = await sending(script)
      const [first, second] = await bench.queue(channelId, 'p', ['on its way', 'behind it'])
      await eventually(() => script.sent.length === 1)
      expect([await bench.recall(script, first), await bench.recall(script, second)]).toEqual(['asked', 'done'])
      expect(script.gone).toEqual([])
      release()
      expect(await bench.recalled(first)).toMatchObject({ state: 'done' })
      expect(script.gone).toMatchObject([{ externalId: `x-${first}` }])
      expect(script.textsTo('p')).toEqual(['on its way'])
    })

    it('nothing on a channel that is switched off, which fails at once and can be asked for again when it is on', async () => {
      const script = new Script('switched', { recall: {} })
      const { promise: stuck, reject: breakOff } = Promise.withResolvers<void>()
      script.takingBack = () => stuck
      const { channelId } = await sending(script)
      const [waiting, later] = await bench.queue(channelId, 'p', ['one', 'two'])
      for (const id of [waiting, later]) await bench.settled(id, 'accepted')
      expect(await bench.recall(script, waiting)).toBe('asked')
      await eventually(() => script.gone.length === 1)
      await bench.change(script, channelId, { enabled: false })
      const failure = { code: 'channel-off' }
      expect(await bench.recalled(waiting)).toMatchObject({ state: 'failed', failure })
      await expect(bench.recall(script, later)).rejects.toMatchObject(failure)
      script.takingBack = async () => {}
      breakOff(new Error('the connection broke'))
      await bench.change(script, channelId, { enabled: true })
      for (const id of [waiting, later]) {
        expect(await bench.recall(script, id)).toBe('asked')
        expect(await bench.recalled(id)).toMatchObject({ state: 'done' })
      }
    })

    it('once where several processes serve the channel', async () => {
      const script = new Script('shared-back', { recall: {} })
      const id = await sent(script, 'once')
      const another = await bench.node(script)
      await eventually(() => another.supervisor.open().length > 0)
      await bench.recall(script, id)
      await bench.recalled(id)
      expect(script.gone).toHaveLength(1)
    })
  })
})
