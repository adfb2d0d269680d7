/** How the conformance suite's child process reaches the Kafka under test. */
import { KafkaBus } from '../../src/core/events/kafka-bus.ts'
import { silentLog } from '../../src/core/platform/log.ts'

export async function connect(): Promise<KafkaBus> {
  const bus = new KafkaBus({
    brokers: (process.env.KAFKA_BROKERS ?? '').split(','),
    clientId: 'conformance-elsewhere',
    topicPrefix: process.env.TEST_TOPIC_PREFIX ?? '',
    log: silentLog,
  })
  await bus.start()
  return bus
}
