/** A hub with a telephone channel, two agents with phones, and SIPp as trunk and phones: what tests of calls share. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promptNames } from '../../src/connectors/sip/prompts.ts'
import type { SipServerAddress } from './drachtio.ts'
import { eventually } from './eventually.ts'
import { type HubProcess, startHub } from './hub-process.ts'
import { rtpengineAt } from './services.ts'
import { Sipp, type SippRun, strengthOf } from './sipp.ts'
import { toneFile } from './tone-phone.ts'
import { freeUdpPort } from './udp-ports.ts'

export interface Call {
  readonly id: string
  readonly conversationId: string
  readonly contactId: string
  readonly direction: string
  readonly state: string
  readonly end: string | null
  readonly endedBy: string | null
  readonly detail: string | null
  readonly number: string
  readonly address: string | null
  readonly agentId: string | null
  readonly talkMs: number
  readonly waitMs: number
  readonly heldMs: number
  readonly wrapUpMs?: number
  readonly score?: number
  readonly lookup?: { readonly state: string; readonly title?: string; readonly detail?: string }
  readonly legs: readonly { memberId: string | null; number?: string; outcome: string | null; state: string }[]
  readonly consults: readonly { answeredAt: string | null; endedAt: string | null; outcome: string | null }[]
  readonly recordings: readonly { fileId: string; segment: number; durationMs: number }[]
  readonly voices: readonly { segment: number; flags: string[]; caller: { packets: number; heard: boolean } }[]
}

interface Member {
  readonly id: string
  readonly number: string | null
  readonly email: string | null
  readonly role: string
}

export interface Phone {
  readonly extension: string
  readonly password: string
  readonly memberId: string
  readonly port: number
}

export interface CallFloor {
  readonly hub: HubProcess
  readonly sipp: Sipp
  /** Where the channel takes calls to 9000, from 127.0.0.1 without a password. */
  readonly target: number
  /** The far end of its trunk; only the scenario that a test runs there listens. */
  readonly trunkPort: number
  readonly channelId: string
  readonly groupId: string
  readonly phones: readonly [Phone, Phone]
  /** The phone of a supervisor, registered. */
  readonly supervisor: Phone
  /** A session of a member with that role. */
  loginOf(role: string): Promise<string>
  /** The answer's body; rejects with it where it is no success. */
  ask<T>(method: string, path: string, body?: object, token?: string): Promise<T>
  callsOf(number: string): Promise<Call[]>
  /** The newest call of that number, once it is as wanted. */
  call(number: string, wanted: (call: Call) => boolean): Promise<Call>
  /** Waits for a channel. */
  online(channelId: string): Promise<void>
  /** Waits until the newest call of that number has gone on for two seconds more. */
  talksOn(number: string): Promise<void>
  /** How strong each tone is on its channel, left and right, at the end of a recording. */
  tonesOf(callId: string, segment: number, hertz: readonly [number, number]): Promise<number[]>
  /** A number that nobody has called from yet. */
  nextNumber(): string
  /** A phone that is picked up and stays. */
  rings(port: number, hertz?: number): Promise<SippRun>
  /** The far end of the trunk: rings so long, and is picked up. */
  trunk(ring: number, hertz: number): Promise<SippRun>
  /** A phone that comes along where it is sent, on any port. */
  moves(port: number, hertz: number, more?: { press?: string; after?: string; answer?: string }): Promise<SippRun>
  /** A caller on the line, and who talks with them. */
  talk(number: string, phone: Phone, hertz?: number): Promise<{ agent: SippRun; trunk: SippRun; talking: Call }>
  hangUp(callId: string, ...runs: SippRun[]): Promise<void>
  /** The plan of the channel, instead of the one before. */
  plan(given: object): Promise<unknown>
  /** The channel is closed, or has no hours. */
  outsideHours(isOutside: boolean): Promise<void>
  register(phone: Phone, expected?: number): Promise<void>
  presence(phone: Phone, state: string): Promise<unknown>
  close(): Promise<void>
}

export interface FloorOptions {
  /** The SIP server; the hub's own stack unless given. */
  readonly drachtio?: SipServerAddress
  /** Where an rtpengine takes commands: the one that is there unless given, else the hub's own engine. */
  readonly rtpengine?: string | undefined
  /** Further settings of the channel. */
  readonly settings?: object
}

const never = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] }

/** What is said to callers takes a moment instead of seconds: a tone that was uploaded. */
async function shortPrompts({ base, apiKey }: HubProcess): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-prompts-'))
  const bytes = readFileSync(toneFile(folder, 'short', 500, 0.3))
  rmSync(folder, { recursive: true })
  const body = new FormData()
  body.append('file', new Blob([bytes], { type: 'audio/wav' }), 'short.wav')
  const headers = { authorization: `Bearer ${apiKey}` }
  const { id } = (await (await fetch(`${base}/v1/files`, { method: 'POST', headers, body })).json()) as { id: string }
  return Object.fromEntries(promptNames.filter((name) => name !== 'music').map((name) => [name, id]))
}

/** Starts it; both agents' phones are registered, and both are away. */
export async function openCallFloor({
  drachtio,
  rtpengine = rtpengineAt,
  settings,
}: FloorOptions = {}): Promise<CallFloor> {
  const sipp = new Sipp()
  const hub = await startHub({
    settings: {
      TRIBUTARY_TELEPHONY__RTPENGINE: rtpengine ?? '',
      ...(drachtio !== undefined && {
        TRIBUTARY_TELEPHONY__DRACHTIO: `${drachtio.host}:${drachtio.port}`,
        TRIBUTARY_TELEPHONY__DRACHTIO_SECRET: drachtio.secret,
        TRIBUTARY_TELEPHONY__DRACHTIO_SIP_PORT: String(drachtio.sipPort),
      }),
    },
  })
  const ask = async <T>(method: string, path: string, body?: object, token = hub.apiKey): Promise<T> => {
    const response = await fetch(`${hub.base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  const target = drachtio?.sipPort ?? (await freeUdpPort())
  const trunkPort = await freeUdpPort()
  const callsOf = (number: string) =>
    ask<{ data: Call[] }>('GET', `/v1/calls?number=${encodeURIComponent(number)}`).then(({ data }) => data)
  let caller = 0
  const register = async ({ extension, password, port }: Phone, expected = 200) => {
    const run = await sipp.run('register', { target, port, keys: { extension, password, expected } })
    await run.done
  }
  const call: CallFloor['call'] = async (number, wanted) => {
    let found: Call[] = []
    return eventually(async () => {
      found = await callsOf(number)
      return found.find(wanted)
    }).catch((cause: unknown) => {
      throw new Error(`The calls of ${number} are otherwise: ${JSON.stringify(found)}`, { cause })
    })
  }
  const rings: CallFloor['rings'] = (port, hertz = 880) =>
    sipp.run('phone', { port, keys: { ring: 50, tone: sipp.tone(hertz) } })
  const presence: CallFloor['presence'] = async ({ memberId }, state) => {
    await ask('PUT', `/v1/presence/${memberId}`, { state })
    await eventually(async () => {
      const { data } = await ask<{ data: { memberId: string; state: string }[] }>('GET', '/v1/presence')
      return data.some((one) => one.memberId === memberId && one.state === state)
    })
  }
  const { data: members } = await ask<{ data: Member[] }>('GET', '/v1/members')
  const group = await ask<{ id: string }>('POST', '/v1/groups', { name: '电话', acceptMode: 'manual', offerSeconds: 5 })
  const prompts = await shortPrompts(hub)
  const channel = await ask<{ id: string }>('POST', '/v1/channels', {
    kind: 'sip',
    name: '热线',
    groupId: group.id,
    settings: {
      port: target,
      numbers: ['9000'],
      trunks: ['127.0.0.1'],
      trunkServer: `127.0.0.1:${trunkPort}`,
      trunkUser: 'tributary',
      trunkPassword: 'secret',
      trunkCallerId: '4008001234',
      notice: false,
      announceSeconds: 0,
      prompts,
      ...settings,
    },
  })
  const loginOf = async (role: string) => {
    const names = members.filter((member) => member.role === role).flatMap(({ number, email }) => [number, email])
    const login = names.find((name) => name !== null && hub.passwords.has(name)) ?? ''
    const { token } = await ask<{ token: string }>('POST', '/v1/sessions', {
      login,
      password: hub.passwords.get(login),
    })
    return token
  }
  const supervisorId = members.find(({ role }) => role === 'supervisor')?.id ?? ''
  const { password } = await ask<{ password: string }>('POST', '/v1/phones', {
    channelId: channel.id,
    extension: '8009',
    memberId: supervisorId,
  })
  const supervisor = { extension: '8009', password, memberId: supervisorId, port: await freeUdpPort() }
  const phones: Phone[] = []
  for (const extension of ['8001', '8002']) {
    const memberId = members.find((member) => member.number === extension)?.id ?? ''
    await ask('PUT', `/v1/groups/${group.id}/members/${memberId}`, {})
    const made = await ask<{ password: string }>('POST', '/v1/phones', { channelId: channel.id, extension, memberId })
    phones.push({ extension, password: made.password, memberId, port: await freeUdpPort() })
  }
  const online = async (channelId: string) => {
    await eventually(async () => {
      const { state } = await ask<{ state: { state: string } }>('GET', `/v1/channels/${channelId}`)
      if (state.state !== 'online') throw new Error(JSON.stringify(state))
      return true
    })
  }
  let calendar: { id: string } | undefined
  await online(channel.id)
  for (const phone of [...phones, supervisor]) await register(phone)
  return {
    hub,
    sipp,
    target,
    trunkPort,
    channelId: channel.id,
    groupId: group.id,
    phones: phones as [Phone, Phone],
    supervisor,
    loginOf,
    ask,
    callsOf,
    call,
    online,
    async talksOn(number) {
      const talked = async () => (await callsOf(number))[0]?.talkMs ?? 0
      const least = (await talked()) + 2000
      await eventually(async () => (await talked()) > least)
    },
    async tonesOf(callId, segment, hertz) {
      const path = `/v1/calls/${callId}/recordings/${segment}`
      const { addresses } = await ask<{ addresses: { inline: string } }>('GET', path)
      const wav = Buffer.from(await (await fetch(addresses.inline)).arrayBuffer())
      return hertz.map((tone, channel) => {
        const at = (n: number) => wav.readInt16LE(wav.length - 20_000 + n * 4 + channel * 2)
        return strengthOf(
          tone,
          Array.from({ length: 4000 }, (_, n) => at(n)),
        )
      })
    },
    nextNumber: () => `1380013${String(8000 + ++caller)}`,
    rings,
    trunk: (ring, hertz) => sipp.run('trunk-challenges', { port: trunkPort, keys: { ring, tone: sipp.tone(hertz) } }),
    moves: (port, hertz, more = {}) =>
      sipp.run('phone-moves', {
        port,
        keys: { ring: 50, tone: sipp.tone(hertz), press: '', after: '', answer: '200 OK', ...more },
      }),
    async talk(number, phone, hertz) {
      await presence(phone, 'online')
      const agent = await rings(phone.port, hertz)
      const keys = { number: 9000, caller: number, tone: sipp.tone(440) }
      const trunk = await sipp.run('caller-waits', { target, keys })
      const talking = await call(number, ({ state }) => state === 'talking')
      return { agent, trunk, talking }
    },
    async hangUp(callId, ...runs) {
      await ask('POST', `/v1/calls/${callId}/hang-up`)
      await Promise.all(runs.map(({ done }) => done))
    },
    plan: (given) => ask('PUT', `/v1/channels/${channel.id}/call-plan`, given),
    async outsideHours(isOutside) {
      const path = `/v1/calendar-assignments/${channel.id}`
      if (!isOutside) return ask('DELETE', path)
      calendar ??= await ask<{ id: string }>('POST', '/v1/calendars', { name: '休息', weekly: never })
      await ask('PUT', path, { calendarId: calendar.id })
    },
    register,
    presence,
    async close() {
      sipp.close()
      await hub.close()
    },
  }
}
