/** Telephone calls through the whole hub, with SIPp as trunk and phones. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Call, type CallFloor, openCallFloor } from '../support/call-floor.ts'
import { type OutsideSipServer, openOutsideSipServer } from '../support/drachtio.ts'
import { eventually } from '../support/eventually.ts'
import { openScanner } from '../support/scanner.ts'
import { describeWith } from '../support/services.ts'
import { type Sipp, sippPath, strengthOf } from '../support/sipp.ts'
import { freeUdpPort } from '../support/udp-ports.ts'

describeWith('SIPp', sippPath, 'calls', () => {
  let floor: CallFloor
  let sipp: Sipp
  let target: number
  let phones: CallFloor['phones']
  let ask: CallFloor['ask']
  let call: CallFloor['call']
  let callsOf: CallFloor['callsOf']
  let talk: CallFloor['talk']
  let nextNumber: CallFloor['nextNumber']
  let register: CallFloor['register']
  let presence: CallFloor['presence']
  /** A process of its own, as a drachtio-server is one. */
  let server: OutsideSipServer
  let business: Server
  /** What the business says of numbers; it says nothing at all of others. */
  const known = new Map<string, object>()

  beforeAll(async () => {
    business = createServer(({ url = '', headers }, response) => {
      const record = known.get(new URL(url, 'http://business').searchParams.get('number') ?? '')
      if (record === undefined) return
      response.writeHead(headers.authorization === 'Bearer crm' ? 200 : 401).end(JSON.stringify(record))
    })
    await new Promise<void>((resolve) => business.listen(0, '127.0.0.1', resolve))
    const { port } = business.address() as AddressInfo
    const settings = { lookupUrl: `http://127.0.0.1:${port}/caller?by=phone`, lookupToken: 'crm' }
    server = await openOutsideSipServer()
    floor = await openCallFloor({ drachtio: server, settings })
    ;({ sipp, target, phones, ask, call, callsOf, talk, nextNumber, register, presence } = floor)
  })
  afterAll(async () => {
    await floor?.close()
    server?.close()
    business?.close()
    business?.closeAllConnections()
  })
  beforeEach(async () => {
    for (const phone of phones) await presence(phone, 'away')
  })

  it('reach the agent whose phone rings, are recorded with each side on its channel, and stand in the thread', async () => {
    const number = nextNumber()
    const [phone] = phones
    known.set(`+86${number}`, { title: '陈老板', fields: [{ name: '等级', value: '金' }], secret: 'x' })
    await presence(phone, 'online')
    const agent = await sipp.run('phone', { port: phone.port, keys: { ring: 200, tone: sipp.tone(880) } })
    const keys = { number: 9000, caller: number, talk: 4000, tone: sipp.tone(440) }
    const trunk = await sipp.run('caller', { target, keys })
    const talking = await call(number, ({ state }) => state === 'talking')
    expect(talking).toMatchObject({ address: `+86${number}`, agentId: phone.memberId })
    expect(talking.lookup).toEqual({ state: 'found', title: '陈老板', fields: [{ name: '等级', value: '金' }] })
    const { data: events } = await ask<{ data: { type: string; data: { call?: Call } }[] }>(
      'GET',
      '/v1/events?limit=1000',
    )
    const ofCall = events.filter(({ data }) => data.call?.id === talking.id)
    const rang = ofCall.find(({ type }) => type === 'call.rang')
    expect(rang?.data.call?.lookup).toMatchObject({ title: '陈老板' })
    await Promise.all([trunk.done, agent.done])
    const over = await call(number, ({ recordings }) => recordings.length === 1)
    expect(over).toMatchObject({ state: 'ended', end: 'completed', endedBy: 'caller' })
    expect(over.talkMs).toBeGreaterThan(1000)
    const { addresses } = await ask<{ addresses: { inline: string } }>('GET', `/v1/calls/${over.id}/recordings/1`)
    const wav = Buffer.from(await (await fetch(addresses.inline)).arrayBuffer())
    const samples = (channel: number) =>
      Array.from({ length: 8000 }, (_, n) => wav.readInt16LE(44 + (8000 + n) * 4 + channel * 2))
    expect(strengthOf(440, samples(0))).toBeGreaterThan(0.9)
    expect(strengthOf(880, samples(1))).toBeGreaterThan(0.9)
    expect(over.voices).toMatchObject([{ segment: 1, flags: [], caller: { heard: true }, agent: { heard: true } }])
    // Whichever way somebody comes to the address of a recording, it is known who did.
    await ask('GET', `/v1/files/${over.recordings[0]?.fileId}`)
    await ask('GET', `/v1/files?id=${over.recordings[0]?.fileId}`)
    const { data: read } = await ask<{ data: object[] }>('GET', `/v1/audit?action=recording.read&subject=${over.id}`)
    expect(read).toHaveLength(3)
    const thread = await ask<{ data: { parts: { type: string }[] }[] }>('GET', `/v1/contacts/${over.contactId}/thread`)
    expect(thread.data.flatMap(({ parts }) => parts.map(({ type }) => type))).toEqual(['audio', 'card'])
    const conversation = await ask<{ status: string }>('GET', `/v1/conversations/${over.conversationId}`)
    expect(conversation.status).toBe('closed')
  })

  it('end when the agent hangs up, also over TCP', async () => {
    const number = nextNumber()
    const [phone] = phones
    await presence(phone, 'online')
    const agent = await sipp.run('phone-hangs-up', { port: phone.port, keys: { talk: 500 } })
    const keys = { number: 9000, caller: number, tone: sipp.tone(440) }
    const trunk = await sipp.run('caller-waits', { target, transport: 'tcp', keys })
    await Promise.all([trunk.done, agent.done])
    expect(await call(number, ({ state }) => state === 'ended')).toMatchObject({ end: 'completed', endedBy: 'agent' })
  })

  it('go on to the next agent when a phone is not picked up or is busy, and keep their place', async () => {
    const [first, second] = phones
    for (const [scenario, outcome] of [
      ['phone-rings', 'no-answer'],
      ['phone-busy', 'busy'],
      [undefined, 'no-answer'],
    ] as const) {
      const number = nextNumber()
      await presence(first, 'online')
      // A phone that is gone since it registered answers nothing at all.
      if (scenario === undefined) await register({ ...first, port: await freeUdpPort() })
      const refuses = scenario && (await sipp.run(scenario, { port: first.port }))
      const keys = { number: 9000, caller: number, tone: sipp.tone(440) }
      const trunk = await sipp.run('caller-waits', { target, keys })
      await call(number, ({ legs }) => legs.length === 1)
      const answers = await sipp.run('phone', { port: second.port, keys: { ring: 50, tone: sipp.tone(880) } })
      await presence(second, 'online')
      const talking = await call(number, ({ state }) => state === 'talking')
      expect(talking).toMatchObject({
        agentId: second.memberId,
        legs: [{ memberId: first.memberId, outcome }, { outcome: null }],
      })
      await refuses?.done
      await ask('POST', `/v1/calls/${talking.id}/hang-up`)
      await Promise.all([trunk.done, answers.done])
      for (const phone of phones) await presence(phone, 'away')
    }
    await register(first)
  })

  it('are abandoned when the caller leaves the queue, and nobody is rung for them any more', async () => {
    const number = nextNumber()
    const keys = { number: 9000, caller: number, talk: 300, tone: sipp.tone(440) }
    await (await sipp.run('caller', { target, keys })).done
    const over = await call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'abandoned', endedBy: 'caller', legs: [], recordings: [] })
    expect(await ask('GET', `/v1/conversations/${over.conversationId}`)).toMatchObject({ status: 'closed' })
  })

  it('let a phone go that is picked up in the moment in which its caller leaves', async () => {
    const number = nextNumber()
    const [phone] = phones
    await presence(phone, 'online')
    const late = await sipp.run('phone-late', { port: phone.port })
    const keys = { number: 9000, caller: number, talk: 2500, tone: sipp.tone(440) }
    const trunk = await sipp.run('caller', { target, keys })
    await Promise.all([trunk.done, late.done])
    const over = await call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'abandoned', legs: [{ outcome: 'withdrawn' }], recordings: [] })
  })

  it('are held, resumed and hung up over the API, and flagged where one side was never heard', async () => {
    const number = nextNumber()
    const { agent, trunk, talking } = await talk(number, phones[0], 0)
    expect(await ask('POST', `/v1/calls/${talking.id}/hold`)).toMatchObject({ state: 'held' })
    await expect(ask('POST', `/v1/calls/${talking.id}/hold`)).rejects.toThrow('call-over')
    expect(await ask('POST', `/v1/calls/${talking.id}/resume`)).toMatchObject({ state: 'talking' })
    await eventually(async () => ((await callsOf(number))[0]?.talkMs ?? 0) > 4500)
    expect(await ask('POST', `/v1/calls/${talking.id}/hang-up`)).toMatchObject({ state: 'ended', endedBy: 'agent' })
    await Promise.all([trunk.done, agent.done])
    const over = await call(number, ({ recordings }) => recordings.length === 1)
    expect(over.heldMs).toBeGreaterThan(0)
    expect(over.voices).toMatchObject([{ flags: ['one-way'], caller: { heard: true }, agent: { heard: false } }])
    await expect(ask('POST', `/v1/calls/${talking.id}/hang-up`)).rejects.toThrow('call-over')
  })

  it('are listened to by a supervisor whose own phone rings, and the recording pauses for what nobody may keep', async () => {
    const number = nextNumber()
    const { agent, trunk, talking } = await talk(number, phones[0])
    await expect(ask('POST', `/v1/calls/${talking.id}/listen`)).rejects.toThrow('phone-missing')
    const listening = await sipp.run('phone-hangs-up', { port: floor.supervisor.port, keys: { talk: 500 } })
    const asSupervisor = await floor.loginOf('supervisor')
    await ask('POST', `/v1/calls/${talking.id}/listen`, undefined, asSupervisor)
    await ask('POST', `/v1/calls/${talking.id}/pause-recording`)
    await ask('POST', `/v1/calls/${talking.id}/resume-recording`)
    await expect(
      ask('POST', `/v1/calls/${talking.id}/listen`, undefined, await floor.loginOf('agent')),
    ).rejects.toThrow('permission-missing')
    await listening.done
    await expect(ask('POST', `/v1/calls/${talking.id}/unlisten`, undefined, asSupervisor)).rejects.toThrow('call-over')
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([trunk.done, agent.done])
    const { data } = await ask<{ data: { action: string }[] }>('GET', `/v1/audit?subject=${talking.id}`)
    const audited = ['call.listen', 'recording.pause', 'recording.resume']
    expect(data.map(({ action }) => action)).toEqual(expect.arrayContaining(audited))
  })

  it('are transferred with their conversation: the next phone rings while the first still talks, and each talk is recorded', async () => {
    const number = nextNumber()
    const [first, second] = phones
    const { agent, trunk, talking } = await talk(number, first)
    await presence(second, 'online')
    const next = await sipp.run('phone', { port: second.port, keys: { ring: 300, tone: sipp.tone(880) } })
    await ask('POST', `/v1/conversations/${talking.conversationId}/assign`, { memberId: second.memberId })
    const passed = await call(number, ({ agentId, state }) => state === 'talking' && agentId === second.memberId)
    await agent.done
    await ask('POST', `/v1/calls/${passed.id}/hang-up`)
    await Promise.all([trunk.done, next.done])
    const over = await call(number, ({ recordings }) => recordings.length === 2)
    expect(over.legs.map(({ outcome }) => outcome)).toEqual(['replaced', 'hung-up'])
  })

  it('are handed on by the phone itself to another extension: the caller waits for it, and nothing ends', async () => {
    const number = nextNumber()
    const [first, second] = phones
    await presence(first, 'online')
    const refers = await sipp.run('phone-refers', { port: first.port, keys: { talk: 500, to: second.extension } })
    const keys = { number: 9000, caller: number, tone: sipp.tone(440) }
    const trunk = await sipp.run('caller-waits', { target, keys })
    await presence(second, 'online')
    const next = await sipp.run('phone', { port: second.port, keys: { ring: 1500, tone: sipp.tone(880) } })
    const passed = await call(number, ({ agentId, state }) => state === 'talking' && agentId === second.memberId)
    await refers.done
    await ask('POST', `/v1/calls/${passed.id}/hang-up`)
    await Promise.all([trunk.done, next.done])
    const over = await call(number, ({ recordings }) => recordings.length === 2)
    expect(over.legs.map(({ memberId }) => memberId)).toEqual([first.memberId, second.memberId])
    expect(over.end).toBe('completed')
  })

  it('whose caller names no voice are answered with ours, and talk like others; what the business does not say in time holds up nobody', async () => {
    const number = nextNumber()
    const [phone] = phones
    await presence(phone, 'online')
    const agent = await sipp.run('phone', { port: phone.port, keys: { ring: 50, tone: sipp.tone(880) } })
    const keys = { number: 9000, caller: number, talk: 2500, tone: sipp.tone(440) }
    const trunk = await sipp.run('caller-chooses', { target, keys })
    await Promise.all([trunk.done, agent.done])
    const over = await call(number, ({ recordings }) => recordings.length === 1)
    expect(over).toMatchObject({ end: 'completed', lookup: { state: 'failed', detail: 'It does not answer in time.' } })
    expect(over.voices).toMatchObject([{ flags: [], caller: { heard: true } }])
  })

  it('whose callers give up before they are answered leave nothing behind but who it was, however the network writes that', async () => {
    const addresses = {
      '013800138999': '+8613800138999',
      '8613800138999': '+8613800138999',
      '4008001234': '+864008001234',
      '95588': '95588',
      anonymous: null,
    }
    for (const caller of Object.keys(addresses)) {
      const keys = { number: 9000, caller, heard: '<recv response="100"/><nop/>' }
      await (await sipp.run('caller-cancels', { target, keys })).done
    }
    const all = await eventually(async () => {
      const path = `/v1/calls?channelId=${floor.channelId}&limit=5`
      const { data } = await ask<{ data: Call[] }>('GET', path)
      const isThere = data.every(({ state, number }) => state === 'ended' && (number || 'anonymous') in addresses)
      return isThere && data
    })
    expect(Object.fromEntries(all.map(({ number, address }) => [number || 'anonymous', address]))).toEqual(addresses)
    // Two of the five are one person.
    expect(new Set(all.map(({ contactId }) => contactId)).size).toBe(4)
    for (const { end, legs, conversationId } of all) {
      expect([end, legs]).toEqual(['abandoned', []])
      expect(await ask('GET', `/v1/conversations/${conversationId}`)).toMatchObject({ status: 'closed' })
    }
  })

  it('are refused without a password, to a wrong number, without a voice that we know; a wrong password registers no phone, and whoever asks two hundred times without any is not answered', async () => {
    const other = await freeUdpPort()
    const settings = { port: other, numbers: ['9000'] }
    const { id } = await ask<{ id: string }>('POST', '/v1/channels', { kind: 'sip', name: '内线', settings })
    await floor.online(id)
    const refused = async (to: number, number: number, codec: number, expected: number) => {
      const run = await sipp.run('caller-refused', {
        target: to,
        keys: { number, codec, expected, caller: nextNumber() },
      })
      await run.done
    }
    await refused(target, 9999, 0, 404)
    await refused(target, 9000, 18, 488)
    await refused(other, 9000, 0, 401)
    await register({ ...phones[0], password: 'wrong' }, 403)
    await register({ ...phones[0], extension: '7777' }, 403)

    const scanner = await openScanner(other)
    for (let n = 0; n < 200; n++) await scanner.ask()
    for (let n = 0; n < 10; n++) scanner.knock()
    // Others are answered, after whatever came before.
    await refused(other, 9000, 0, 401)
    scanner.close()
    expect(scanner.heard).toEqual(Array(200).fill('SIP/2.0 401'))
  })

  // Last: the phones of this floor have these extensions.
  it('are tried with two phones that a command makes, with new passwords each time', async () => {
    const passwordsOf = (said: string) => [...said.matchAll(/^ {2}(800[12]) {2}(\S+)/gm)].map(([, ...found]) => found)
    await expect(floor.hub.admin('demo-phones')).rejects.toThrow('extension')
    const { data } = await ask<{ data: { id: string; extension: string }[] }>('GET', '/v1/phones')
    for (const { id, extension } of data) if (/^800[12]$/.test(extension)) await ask('DELETE', `/v1/phones/${id}`)
    const [former, made] = [await floor.hub.admin('demo-phones'), await floor.hub.admin('demo-phones')]
    expect(made).toContain(`127.0.0.1:${floor.target} `)
    const port = await freeUdpPort()
    for (const [extension = '', password = ''] of passwordsOf(made)) {
      await floor.register({ extension, password, memberId: '', port })
    }
    expect(passwordsOf(made).map(([extension]) => extension)).toEqual(['8001', '8002'])
    expect(passwordsOf(made)).not.toEqual(passwordsOf(former))
  })
})
