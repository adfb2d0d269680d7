/** Whether a telephone channel could work as it is set up: its port, and its trunk where that wants us to register. */
import { createSocket } from 'node:dgram'
import type { Check, Hub } from '../contract.ts'
import { randomToken } from './dialogs.ts'
import type { Settings } from './index.ts'
import { Signalling } from './signalling.ts'
import { openStandIn } from './stand-in.ts'
import { trunkOf } from './trunk.ts'

/** RFC 3261's T1 for the question to the trunk, so that no answer is known after six seconds. */
const t1Ms = 100

export async function* probe(settings: Settings, hub: Hub): AsyncIterable<Check> {
  yield await portCheck(settings, hub)
  if (settings.trunkRegisters) yield await trunkCheck(settings, hub)
}

/** Where the channel is open, its port is taken by itself. */
async function portCheck({ port }: Settings, hub: Hub): Promise<Check> {
  const { host } = hub.calls.place
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once('error', resolve)
    socket.bind(port, host, () => resolve(undefined))
  })
  socket.close()
  const name = 'Port'
  if (failure === undefined) return { name, ok: true, detail: `${host}:${port} is free.` }
  if (failure.code === 'EADDRINUSE') {
    return { name, ok: true, detail: `${host}:${port} is in use: by this channel, if it is online.` }
  }
  return {
    name,
    ok: false,
    detail: `${host}:${port} cannot be had (${failure.code}).`,
    mend: 'Choose another port.',
  }
}

/** Asks the trunk what is registered, and changes nothing there: without a Contact that is all that REGISTER does (RFC 3261, 10.2.3). */
async function trunkCheck(settings: Settings, hub: Hub): Promise<Check> {
  const name = 'Trunk'
  const { trunkUser } = settings
  const way = await trunkOf(settings, hub)
    .way()
    .catch((error: unknown) => String((error as Error).message))
  if (typeof way === 'string' || trunkUser === undefined) {
    const detail = typeof way === 'string' ? way : 'There is no name to register by.'
    return { name, ok: false, detail, mend: 'Set the way out, and the name and password at the trunk.' }
  }
  const { host, address } = hub.calls.place
  const secret = randomToken()
  const server = await openStandIn({ host, port: 0, address, secret, t1Ms })
  const nobody = (_: unknown, answer: { send(status: number): void }) => answer.send(404)
  const handlers = { invite: nobody, register: nobody, options: nobody }
  try {
    const signalling = await Signalling.connect({ port: server.appPort, secret, handlers, onLost() {} })
    const { hostport, proxy, auth } = way
    const me = `<sip:${trunkUser}@${way.host}>`
    const headers = { From: me, To: me }
    const answer = await signalling.register({ uri: `sip:${hostport}`, proxy, headers, ...(auth && { auth }) })
    signalling.close()
    const status = answer?.status ?? 408
    if (status >= 200 && status < 300) return { name, ok: true, detail: 'The trunk takes our name and password.' }
    return status === 408
      ? { name, ok: false, detail: 'The trunk does not answer.', mend: 'Look at its address, and at the firewall.' }
      : { name, ok: false, detail: `The trunk answers with ${status}.`, mend: 'Look at the name and password there.' }
  } finally {
    await server.close()
  }
}
