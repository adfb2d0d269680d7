/** What a channel does with calls beside its agents: menus, hours, voicemail, surveys, callbacks, trunks. SIPp is trunk and phones. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type MailFarEnd, farEnd as mail } from '../fakes/email.ts'
import { type CallFloor, openCallFloor } from '../support/call-floor.ts'
import { eventually } from '../support/eventually.ts'
import { customers } from '../support/mail-servers.ts'
import { describeWith } from '../support/services.ts'
import { sippPath } from '../support/sipp.ts'
import { info, sound } from '../support/sipp-steps.ts'
import { freeUdpPort } from '../support/udp-ports.ts'

describeWith('SIPp', sippPath, 'calls by plan', () => {
  let floor: CallFloor
  let rings: CallFloor['rings']
  let hangUp: CallFloor['hangUp']
  let plan: CallFloor['plan']
  let outsideHours: CallFloor['outsideHours']

  beforeAll(async () => {
    floor = await openCallFloor()
    ;({ rings, hangUp, plan, outsideHours } = floor)
  })
  afterAll(() => floor?.close())
  beforeEach(async () => {
    for (const phone of floor.phones) await floor.presence(phone, 'away')
  })

  const presses = (number: string, press: string, before = 500) =>
    floor.sipp.run('caller-presses', { target: floor.target, keys: { number: 9000, caller: number, before, press } })

  it('lead through menus by keys in either way into the queue of another group, whose agent is rung', async () => {
    const [, second] = floor.phones
    const { id: groupId } = await floor.ask<{ id: string }>('POST', '/v1/groups', {
      name: '二线',
      acceptMode: 'manual',
    })
    await floor.ask('PUT', `/v1/groups/${groupId}/members/${second.memberId}`, {})
    await plan({
      begin: { to: 'menu', menu: 'main' },
      menus: {
        main: { keys: { '1': { to: 'menu', menu: 'service' } }, otherwise: { to: 'hang-up' } },
        service: { keys: { '2': { to: 'queue', groupId } }, otherwise: { to: 'hang-up' } },
      },
    })
    await floor.presence(second, 'online')
    for (const press of [
      `${info('1')}<pause milliseconds="800"/>${info('2', 3)}`,
      `${sound('1')}<pause milliseconds="1200"/>${sound('2')}`,
    ]) {
      const number = floor.nextNumber()
      const agent = await rings(second.port)
      const caller = await presses(number, press, 1500)
      const asked = await floor.call(number, ({ state }) => state === 'menu')
      expect(await floor.ask('GET', `/v1/conversations/${asked.conversationId}`)).toMatchObject({ heldBy: 'bot' })
      const talking = await floor.call(number, ({ state }) => state === 'talking')
      expect(talking.agentId).toBe(second.memberId)
      expect(await floor.ask('GET', `/v1/conversations/${talking.conversationId}`)).toMatchObject({ groupId })
      await hangUp(talking.id, caller, agent)
    }
  })

  it('ask again for a key that leads nowhere and for silence, and then go where the menu says', async () => {
    await plan({
      begin: { to: 'menu', menu: 'main' },
      menus: { main: { keys: { '1': { to: 'queue' } }, waitSeconds: 1, tries: 2, otherwise: { to: 'hang-up' } } },
    })
    const number = floor.nextNumber()
    const caller = await presses(number, info('9'))
    const over = await floor.call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'rejected', endedBy: 'hub', legs: [] })
    expect(await floor.ask('GET', `/v1/conversations/${over.conversationId}`)).toMatchObject({ status: 'closed' })
    await caller.done
  })

  it('outside the hours are told so before they are refused, and pay nothing', async () => {
    await outsideHours(true)
    await plan({})
    const number = floor.nextNumber()
    // What is said comes with 183, before any answer.
    const keys = { number: 9000, caller: number, codec: 0, expected: '183"/><recv response="480' }
    await (await floor.sipp.run('caller-refused', { target: floor.target, keys })).done
    const over = await floor.call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'rejected', detail: 'closed', recordings: [] })
    expect(await floor.ask('GET', `/v1/conversations/${over.conversationId}`)).toMatchObject({ status: 'open' })
    await outsideHours(false)
  })

  it('leave a message outside the hours, which waits in the conversation for the hours, or is a ticket', async () => {
    await outsideHours(true)
    for (const makes of ['conversation', 'ticket'] as const) {
      await plan({ closed: { to: 'voicemail' }, voicemail: { makes, maxSeconds: 30 } })
      const number = floor.nextNumber()
      const keys = { number: 9000, caller: number, talk: 4500, tone: floor.sipp.tone(440) }
      await (await floor.sipp.run('caller', { target: floor.target, keys })).done
      const over = await floor.call(number, ({ recordings }) => recordings.length === 1)
      expect(over).toMatchObject({ state: 'ended', end: 'voicemail', legs: [] })
      expect(over.recordings[0]?.durationMs).toBeGreaterThan(1500)
      const conversation = await floor.ask<{ status: string }>('GET', `/v1/conversations/${over.conversationId}`)
      const { data: tickets } = await floor.ask<{ data: object[] }>('GET', `/v1/tickets?contactId=${over.contactId}`)
      expect([conversation.status, tickets.length]).toEqual(makes === 'ticket' ? ['closed', 1] : ['open', 0])
    }
    await outsideHours(false)
  })

  it('are rated by a key after the agent has hung up, in the same place as chats, and once', async () => {
    const [first] = floor.phones
    await plan({ survey: { waitSeconds: 20 } })
    await floor.presence(first, 'online')
    const number = floor.nextNumber()
    const agent = await floor.sipp.run('phone-hangs-up', { port: first.port, keys: { talk: 300 } })
    const caller = await presses(number, `<pause milliseconds="3500"/>${info('4')}`)
    const asked = await floor.call(number, ({ state }) => state === 'survey')
    expect(await floor.ask('GET', `/v1/conversations/${asked.conversationId}`)).toMatchObject({ status: 'closed' })
    await Promise.all([agent.done, caller.done])
    const over = await floor.call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'completed', endedBy: 'agent', score: 4 })
    const { data } = await floor.ask<{
      data: { conversationId: string; callId: string; score: number; source: string }[]
    }>('GET', '/v1/satisfaction')
    expect(data.filter(({ conversationId }) => conversationId === over.conversationId)).toMatchObject([
      { callId: over.id, score: 4, source: 'keypad' },
    ])
  })

  it('whose callers press a key in the queue to be called back end there, and their conversation keeps its place', async () => {
    const [first] = floor.phones
    await plan({ waiting: { keys: { '*': { to: 'callback' } } } })
    const number = floor.nextNumber()
    const caller = await presses(number, info('*'))
    const over = await floor.call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'callback', endedBy: 'caller', legs: [] })
    await caller.done
    const path = `/v1/conversations/${over.conversationId}`
    expect(await floor.ask('GET', path)).toMatchObject({ status: 'open', heldBy: 'queue' })
    // The next agent is offered it, and no phone rings.
    await floor.presence(first, 'online')
    const offers = `/v1/offers?memberId=${first.memberId}`
    await eventually(async () => {
      const { data } = await floor.ask<{ data: { conversationId: string; memberId: string }[] }>('GET', offers)
      return data.some((one) => one.conversationId === over.conversationId && one.memberId === first.memberId)
    })
    expect(await floor.call(number, () => true)).toMatchObject({ state: 'ended', legs: [] })
    await floor.ask('POST', `${path}/close`)
    await plan({})
  })

  it('come by a trunk that wants us to register, which is told again in time; a wrong password is told', async () => {
    const channel = async (trunkPassword: string) => {
      const [port, registrarPort] = [await freeUdpPort(), await freeUdpPort()]
      const registrar = await floor.sipp.run('registrar', { port: registrarPort, keys: { expires: 2 } })
      const trunk = { trunkServer: `127.0.0.1:${registrarPort}`, trunkUser: 'tributary', trunkPassword }
      const { id } = await floor.ask<{ id: string }>('POST', '/v1/channels', {
        kind: 'sip',
        name: '中继',
        settings: { port, numbers: ['4008001234'], ...trunk, trunkRegisters: true },
      })
      await registrar.done
      return { id, port, registrarPort }
    }
    const right = await channel('secret')
    // Nobody else at that address is believed without a password; the trunk is.
    const number = floor.nextNumber()
    const keys = { number: 4008001234, caller: number, talk: 200, tone: floor.sipp.tone(440) }
    await (await floor.sipp.run('caller', { target: right.port, keys })).done
    expect(await floor.call(number, ({ state }) => state === 'ended')).toMatchObject({ end: 'abandoned' })

    const { id, registrarPort } = await channel('wrong')
    const { state } = await eventually(async () => {
      const refused = await floor.ask<{ state: { state: string; detail?: string } }>('GET', `/v1/channels/${id}`)
      return refused.state.state === 'needs-login' && refused
    })
    expect(state.detail).toContain('403')

    // The check of a channel asks the trunk as well.
    const checked = async (channelId: string, registrarPort: number) => {
      const registrar = await floor.sipp.run('registrar', { port: registrarPort, keys: { expires: 2 } })
      const { checks } = await floor.ask<{ checks: object[] }>('POST', `/v1/channels/${channelId}/probe`)
      registrar.stop()
      return checks.at(-1)
    }
    expect(await checked(right.id, right.registrarPort)).toMatchObject({ name: 'Trunk', ok: true })
    expect(await checked(id, registrarPort)).toMatchObject({
      name: 'Trunk',
      ok: false,
      detail: expect.stringContaining('403'),
    })
  })

  describeWith(
    mail.needs ?? '',
    mail.needs === undefined ? 'here' : undefined,
    'of a customer known from e-mail',
    () => {
      it('are offered with the record and its tickets before the phone rings, and stand in one thread with the mail', async () => {
        const [first] = floor.phones
        await plan({})
        const far = (await mail.open()) as MailFarEnd
        const settings = { ...far.settings, imapHost: '127.0.0.1', smtpHost: '127.0.0.1' }
        const mailbox = await floor.ask<{ id: string }>('POST', '/v1/channels', {
          kind: 'email',
          name: '邮箱',
          settings,
        })
        await floor.online(mailbox.id)
        await far.mail({ from: `Han Meimei <hanmei@${customers}>`, subject: '订单', text: '茶叶还没到' })
        const { contactId } = await eventually(async () => {
          const { data } = await floor.ask<{ data: { contactId: string; channelId: string }[] }>(
            'GET',
            '/v1/conversations',
          )
          return data.find(({ channelId }) => channelId === mailbox.id)
        }, 30_000)
        const number = floor.nextNumber()
        const phone = { kind: 'phone', scope: '', address: number, verified: true }
        await floor.ask('POST', `/v1/contacts/${contactId}/identities`, phone)
        await floor.ask('POST', '/v1/tickets', { subject: '茶叶催件', contactId })
        await floor.presence(first, 'online')
        const agent = await rings(first.port)
        const keys = { number: 9000, caller: number, tone: floor.sipp.tone(440) }
        const caller = await floor.sipp.run('caller-waits', { target: floor.target, keys })
        const talking = await floor.call(number, ({ state }) => state === 'talking')
        expect(talking.contactId).toBe(contactId)
        const { data: events } = await floor.ask<{
          data: { type: string; data: { offer?: { conversationId: string }; call?: { id: string } } }[]
        }>('GET', '/v1/events?limit=1000')
        const at = (type: string) =>
          events.findIndex(
            (event) =>
              event.type === type &&
              (event.data.offer?.conversationId === talking.conversationId || event.data.call?.id === talking.id),
          )
        expect(at('offer.made')).toBeGreaterThan(at('call.received'))
        expect(at('call.rang')).toBeGreaterThan(at('offer.made'))
        expect(await floor.ask('GET', `/v1/conversations/${talking.conversationId}`)).toMatchObject({
          contactName: 'Han Meimei',
        })
        const { data: tickets } = await floor.ask<{ data: object[] }>('GET', `/v1/tickets?contactId=${contactId}`)
        expect(tickets).toMatchObject([{ subject: '茶叶催件' }])
        await eventually(async () => ((await floor.callsOf(number))[0]?.talkMs ?? 0) > 2000)
        await hangUp(talking.id, caller, agent)
        const { recordings, wrapUpMs } = await floor.call(number, (one) => one.recordings.length === 1)
        expect(wrapUpMs).toBeTypeOf('number')
        const { addresses } = await floor.ask<{ addresses: { inline: string } }>(
          'GET',
          `/v1/calls/${talking.id}/recordings/${recordings[0]?.segment}`,
        )
        expect((await fetch(addresses.inline, { headers: { range: 'bytes=0-3' } })).status).toBe(206)
        for (const strength of await floor.tonesOf(talking.id, 1, [440, 880])) expect(strength).toBeGreaterThan(0.9)
        const exported = await floor.ask(
          'GET',
          `/v1/conversations/${talking.conversationId}/export?format=json&notes=true`,
        )
        expect(JSON.stringify(exported)).toContain(recordings[0]?.fileId)
        const thread = await floor.ask<{ data: { parts: { type: string; text?: string }[] }[] }>(
          'GET',
          `/v1/contacts/${contactId}/thread`,
        )
        const parts = thread.data.flatMap((message) => message.parts)
        expect(parts.map(({ type }) => type)).toEqual(expect.arrayContaining(['audio', 'card', 'text']))
        expect(parts.some(({ text }) => text?.includes('茶叶还没到'))).toBe(true)
        await far.close()
      })
    },
  )
})
