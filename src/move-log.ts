/** From the log in the database to Kafka, once, while no process of the hub runs: what waits is handled first, so nothing is left behind. */
import { setTimeout as pause } from 'node:timers/promises'
import { openHub } from './app.ts'
import { type Config, roles } from './core/platform/config.ts'
import { type Database, ownerSession } from './core/platform/database.ts'
import { Fault } from './core/platform/errors.ts'
import type { Logger } from './core/platform/log.ts'
import { openGround, openLogOfEvents, topics } from './ground.ts'

/** Whoever brings in, or tells others; the rest empties the log. That is the jobs' too: reception reads it. */
const doors: readonly string[] = ['api', 'connectors', 'webhooks']

/**
 * Handles what the log in the database still holds, then forgets it, so that the hub goes on with the Kafka of the settings. Faults:
 * `config-invalid` without brokers, `log-not-drained`, `log-not-empty` when the topics in Kafka hold something.
 */
export async function moveLog(config: Config, root: string, log: Logger, waitMs = 600_000): Promise<void> {
  if (config.kafka.brokers.length === 0) {
    throw new Fault('invalid', 'config-invalid', 'Where the log is to go must be said: set KAFKA_BROKERS.')
  }
  const signal = new AbortController().signal
  const within: Config = {
    ...config,
    kafka: { ...config.kafka, brokers: [] },
    roles: roles.filter((role) => !doors.includes(role)),
    demo: { enabled: false },
  }
  const ground = await openGround(config, root, log, signal)
  try {
    await refuseUsedTopics(config, ground.db, log, signal)
    const hub = await openHub(within, root, log, signal)
    try {
      const until = Date.now() + waitMs
      while (!(await isDrained(ground.db))) {
        if (Date.now() > until) {
          const detail = 'The log could not be emptied; look at GET /v1/set-aside and at the health of the hub.'
          throw new Fault('conflict', 'log-not-drained', detail)
        }
        await pause(200)
      }
    } finally {
      await hub.close()
    }
    if (!(await isDrained(ground.db))) {
      throw new Fault('conflict', 'log-not-drained', 'Something was written meanwhile: stop every process of the hub.')
    }
    await ownerSession(ground.databaseUrl, (run) =>
      run(`begin; delete from positions; delete from bus_records; delete from bus_partitions; delete from bus_topics;
           delete from set_aside where state in ('replayed', 'discarded'); commit`),
    )
  } finally {
    await ground.close()
  }
}

/** Whether every event is published, every record handled by everyone who reads its topic, and none set aside. */
async function isDrained(db: Database): Promise<boolean> {
  const [row] = await db.ground<{ drained: boolean }>(
    `select not exists (select from outbox)
        and not exists (select from events where position > (select published from feed))
        and not exists (select from set_aside where state in ('failed', 'held'))
        and not exists (
          select from (select distinct consumer, topic from positions) c join bus_partitions p on p.topic = c.topic
            left join positions x on x.consumer = c.consumer and x.topic = p.topic and x.partition = p.partition
           where coalesce(x.next, 0) < p.next_offset) as drained`,
  )
  return row?.drained === true
}

async function refuseUsedTopics(config: Config, db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  const bus = await openLogOfEvents(config, db, 'move-log', log, signal, 'move')
  try {
    for (const topic of topics) {
      const ranges = await bus.ranges(topic)
      if (ranges.every(({ next }) => next === 0)) continue
      const detail = `The topic ${config.kafka.topicPrefix}${topic} holds records: set another kafka.topicPrefix.`
      throw new Fault('conflict', 'log-not-empty', detail)
    }
  } finally {
    await bus.stop()
  }
}
