import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { Script, SendingBench } from './scripted.ts'

describe('the supervisor', () => {
  let bench: SendingBench
  beforeAll(async () => {
    bench = await SendingBench.open()
  })
  afterAll(async () => {
    await bench?.close()
  })

  it('opens what is switched on, opens it anew when its settings change, and closes what is switched off', async () => {
    const script = new Script('plain')
    const channelId = await bench.channel(script, { name: 'a' })
    const { supervisor } = await bench.node(script)
    await eventually(() => supervisor.find(channelId))
    expect(script.lives.map(({ settings }) => settings)).toEqual([{ name: 'a' }])
    await eventually(async () => (await bench.stateOf(channelId)).state === 'online')

    await bench.change(script, channelId, { name: 'another name' })
    await bench.change(script, channelId, { settings: { name: 'b' } })
    await eventually(() => script.lives.length === 2 && supervisor.find(channelId))
    expect(script.lives.map(({ settings, closed }) => [settings.name, closed])).toEqual([
      ['a', true],
      ['b', false],
    ])

    await bench.change(script, channelId, { enabled: false })
    await eventually(() => script.openNow.length === 0)
    await eventually(async () => (await bench.stateOf(channelId)).state === 'offline')
    expect(supervisor.find(channelId)).toBeUndefined()
    expect(script.lives[1]?.hub.signal.aborted).toBe(true)
  })

  it('opens anew what is lost or does not open, and says meanwhile why it is down', async () => {
    const script = new Script('failing')
    let failures = 0
    script.opening = async () => {
      if (++failures <= 3) throw new Error(`refused ${failures}`)
    }
    const channelId = await bench.channel(script)
    const { supervisor } = await bench.node(script)
    await eventually(() => supervisor.find(channelId))
    expect(script.lives).toHaveLength(4)

    script.opening = () => new Promise(() => {})
    script.lives[3]?.hub.lost(new Error('the platform hung up'))
    await eventually(() => script.lives.length === 5)
    expect(supervisor.find(channelId)).toBeUndefined()
    expect(script.lives[3]).toMatchObject({ closed: true })
    const said = await bench.rows<{ state: { detail?: string } }>(
      `select data -> 'channel' -> 'state' as state from outbox where type = 'channel.state' and subject = $1 order by id`,
      channelId,
    )
    const details = said.map(({ state }) => state.detail)
    expect(details).toEqual(expect.arrayContaining(['refused 1', 'refused 2', 'refused 3', 'the platform hung up']))
  })

  it('gives up an opening or a closing that hangs, and closes what opens too late', async () => {
    const script = new Script('hanging')
    let open: () => void = () => {}
    script.opening = () =>
      new Promise((resolve) => {
        open = resolve
        script.opening = async () => {}
      })
    script.closing = () => new Promise(() => {})
    const channelId = await bench.channel(script)
    const { supervisor } = await bench.node(script, { openTimeoutMs: 200 })
    await eventually(() => supervisor.find(channelId))
    expect(script.lives.map(({ closed }) => closed)).toEqual([false, false])
    open()
    await eventually(() => script.lives[0]?.closed)
    expect(script.lives[1]?.closed).toBe(false)
    await bench.change(script, channelId, { enabled: false })
    await eventually(() => script.lives[1]?.closed && supervisor.find(channelId) === undefined)
  })

  it('holds an exclusive account on one node, and moves it when that node stops', async () => {
    const script = new Script('exclusive', { exclusive: true })
    const channels = await Promise.all([bench.channel(script), bench.channel(script), bench.channel(script)])
    const one = await bench.node(script)
    const two = await bench.node(script)
    const holders = (channelId: string) => [one, two].filter(({ supervisor }) => supervisor.find(channelId)).length
    await eventually(() => channels.every((channelId) => holders(channelId) === 1))
    // Shares are evened out; whatever moves, nothing is ever open twice at once afterwards.
    await eventually(
      () => one.supervisor.open().length <= 2 && two.supervisor.open().length >= 1 && script.openNow.length === 3,
    )
    await one.stop()
    await eventually(() => two.supervisor.open().length === 3)
    expect(script.openNow).toHaveLength(3)
  })

  it('lets go of an account whose lease another took while it was frozen', async () => {
    const script = new Script('stolen', { exclusive: true })
    const channelId = await bench.channel(script)
    const { supervisor } = await bench.node(script)
    await eventually(() => supervisor.find(channelId))
    await bench.ground.db.ground(
      `update leases set owner = 'thief', epoch = epoch + 1, until = now() + interval '1 hour' where what = $1`,
      `channels.stolen/${channelId}`,
    )
    await eventually(() => supervisor.find(channelId) === undefined && script.openNow.length === 0)
    await expect(script.lives[0]?.hub.memory.set('cursor', 1)).rejects.toMatchObject({ code: 'lease-lost' })
  })

  describe('a test of the connection', () => {
    const script = new Script('probed')
    const first = { name: 'First', ok: true, detail: 'It is there, with hush-hush.' }

    it('that hears nothing ends, tells what it knows by then, and what to do', async () => {
      const silence = async function* () {
        yield first
        await new Promise(() => {})
      }
      expect(await bench.probe(script, silence, 50)).toEqual([
        { name: 'First', ok: true, detail: expect.not.stringContaining('hush-hush') },
        expect.objectContaining({
          ok: false,
          detail: 'The platform did not answer in time.',
          mend: expect.any(String),
        }),
      ])
    })

    it('that fails unforeseen says where to look', async () => {
      const broken = async function* () {
        yield first
        throw new Error('a bug, with hush-hush')
      }
      const checks = await bench.probe(script, broken)
      expect(checks).toMatchObject([{ ok: true }, { ok: false, mend: expect.stringContaining('log') }])
      expect(JSON.stringify(checks)).not.toContain('hush-hush')
    })
  })
})
