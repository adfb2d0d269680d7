/** Random kills of the hub on a real Kafka. */
import { killedAtRandom } from '../support/random-kills.ts'
import { describeWith, kafkaBrokers } from '../support/services.ts'

describeWith('real Kafka', kafkaBrokers, 'on Kafka', (address) => killedAtRandom(1, address))
