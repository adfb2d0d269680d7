/**
 * A stand-in for drachtio-server, for a laptop and for tests: SIP over UDP and TCP towards phones and trunks, drachtio's own protocol towards
 * the application, so that the application is the same with either. Does what RFC 3261 asks of a stack and the application never sees: 100,
 * repeats, ACK of refusals, 487 after CANCEL, 481. Has no TLS, WebSocket, PRACK or DNS SRV: for those there is drachtio-server.
 */
import { Answering } from './answering.ts'
import { Asking } from './asking.ts'
import type { Dialog } from './dialogs.ts'
import { keyOfDialog } from './dialogs.ts'
import { parseMessage, type SipMessage, type Target } from './message.ts'
import type { Wire } from './transactions.ts'
import { openTransport } from './transport.ts'
import { type App, type AppCommand, listenForApps } from './wire.ts'

export interface StandInOptions {
  /** Where phones and trunks come. */
  readonly host: string
  readonly port: number
  /** What they are told: `host`, unless it stands for all addresses. */
  readonly address: string
  readonly secret: string
  /** Where applications come, on loopback: any port unless said. */
  readonly appPort?: number
  /** RFC 3261's T1: 500 ms unless said. */
  readonly t1Ms?: number
  /** Whether whoever sends from there is heard at all; everybody is unless said. */
  readonly hears?: (host: string) => boolean
}

export interface StandIn {
  /** Where applications connect, on loopback. */
  readonly appPort: number
  /** Where phones and trunks come. */
  readonly port: number
  close(): Promise<void>
}

/** What both halves share. */
export interface Stack extends Wire {
  /** `host:port` by which we are called. */
  readonly address: string
  readonly dialogs: Dialogs
  app(): App | undefined
}

export class Dialogs {
  readonly #byKey = new Map<string, Dialog>()
  readonly #byId = new Map<string, Dialog>()

  add(dialog: Dialog): void {
    this.#byKey.set(keyOfDialog(dialog), dialog)
    this.#byId.set(dialog.id, dialog)
  }

  find(key: string): Dialog | undefined {
    return this.#byKey.get(key)
  }

  get(id: string): Dialog | undefined {
    return this.#byId.get(id)
  }

  remove(dialog: Dialog): void {
    this.#byKey.delete(keyOfDialog(dialog))
    this.#byId.delete(dialog.id)
  }
}

/** Opens it. Rejects when the port is taken. */
export async function openStandIn({
  host,
  port,
  address,
  secret,
  appPort = 0,
  t1Ms = 500,
  hears = () => true,
}: StandInOptions): Promise<StandIn> {
  let current: App | undefined
  let asking: Asking | undefined
  let answering: Answering | undefined
  const verbs = new Set<string>()
  const hear = (bytes: Buffer, from: Target) => {
    const message = hears(from.host) ? parseMessage(bytes) : undefined
    if (message === undefined) return
    if (message.method === '') asking?.receive(message, from)
    else answering?.receive(message, from)
  }
  const transport = await openTransport(host, port, hear)
  const stack: Stack = {
    t1Ms,
    address: `${address}:${transport.port}`,
    dialogs: new Dialogs(),
    app: () => current,
    send: (bytes, to) => transport.send(bytes, to),
  }
  asking = new Asking(stack)
  answering = new Answering(stack, verbs, asking)
  const door = await listenForApps(
    appPort,
    secret,
    `udp/${stack.address},tcp/${stack.address}`,
    (app, command) => {
      current = app
      obey(app, command, verbs, asking, answering)
    },
    (app) => {
      if (current !== app) return
      current = undefined
      answering?.giveUp()
    },
  ).catch(async (error: unknown) => {
    await transport.close()
    throw error
  })
  return {
    appPort: door.port,
    port: transport.port,
    async close() {
      asking?.close()
      answering?.close()
      await door.close()
      await transport.close()
    },
  }
}

function obey(app: App, command: AppCommand, verbs: Set<string>, asking: Asking, answering: Answering): void {
  const [first = '', second = ''] = command.tokens
  const { message } = command
  if (command.name === 'route') verbs.add(first.toUpperCase())
  else if (command.name === 'remove_route') verbs.delete(first.toUpperCase())
  else if (command.name === 'sip' && message !== undefined) {
    order(app, command, message, { transactionId: first, dialogId: second }, asking, answering)
    return
  }
  app.done(command)
}

function order(
  app: App,
  command: AppCommand,
  message: SipMessage,
  { transactionId, dialogId }: { transactionId: string; dialogId: string },
  asking: Asking,
  answering: Answering,
): void {
  if (message.method === '') answering.respond(app, command, transactionId, message)
  else if (message.method === 'CANCEL') asking.cancel(app, command, transactionId)
  else if (dialogId !== '') asking.within(app, command, dialogId, message)
  else if (message.method === 'ACK') app.done(command)
  else asking.start(app, command, message, command.tokens[2])
}
