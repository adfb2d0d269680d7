/** Everything that open streams need in one process, started and stopped together. */
import { randomUUID } from 'node:crypto'
import { Signals } from '../../core/conversations/signals.ts'
import type { ServerParts } from '../server.ts'
import { AgentsConnected } from './agents-connected.ts'
import { Caretaker } from './caretaker.ts'
import { closeCodes, StreamHub } from './hub.ts'
import { MonitorWatch } from './monitor-watch.ts'
import { QueueWatch } from './queue-watch.ts'
import { VisitorsOnline } from './visitors-online.ts'

export interface StreamsOptions extends Pick<ServerParts, 'db' | 'wake' | 'log' | 'clock'> {
  /** After how long without use a session ends; a stream counts as use. */
  readonly sessionIdleHours: number
  /** This process, unlike any other; a name of its own unless given. */
  readonly process?: string
  /** How long routing waits for a member who lost the connection; a minute unless said. */
  readonly graceSeconds?: number
  /** How long a reader that does not keep up is waited for; 10 s unless said. */
  readonly patienceMs?: number
}

export class Streams {
  readonly hub: StreamHub
  readonly signals: Signals
  readonly visitors: VisitorsOnline
  readonly queues: QueueWatch
  readonly monitor: MonitorWatch
  readonly agents: AgentsConnected
  readonly caretaker: Caretaker

  constructor(parts: StreamsOptions) {
    const { db, wake, log, clock, patienceMs } = parts
    this.signals = new Signals(db, log)
    this.hub = new StreamHub({
      db,
      wake,
      log,
      signals: this.signals,
      ...(patienceMs !== undefined && { patienceMs }),
    })
    this.visitors = new VisitorsOnline({ db, signals: this.signals, log })
    this.queues = new QueueWatch({ db, log, clock })
    this.monitor = new MonitorWatch({ db, log, clock })
    this.agents = new AgentsConnected({
      db,
      log,
      process: parts.process ?? randomUUID(),
      graceMs: (parts.graceSeconds ?? 60) * 1000,
      onCommand: () => wake.hint('outbox'),
    })
    this.caretaker = new Caretaker({
      db,
      hub: this.hub,
      clock,
      log,
      sessionIdleMs: parts.sessionIdleHours * 3_600_000,
    })
  }

  async start(): Promise<void> {
    await this.signals.start()
    this.hub.start()
    this.caretaker.start()
    this.agents.start()
  }

  /** Closes every stream with 1012; call it before the server closes. */
  async stop(): Promise<void> {
    this.caretaker.stop()
    this.queues.stop()
    this.monitor.stop()
    this.hub.stop()
    await this.agents.stop()
    await this.signals.stop()
  }
}

/** Streams of one credential at once, in this process. More are refused: a client that leaks sockets hurts only itself. */
export const maxStreamsOfOne = 30

export function hasRoom(hub: StreamHub, credential: string): boolean {
  return hub.openOf(credential) < maxStreamsOfOne
}

export { closeCodes }
