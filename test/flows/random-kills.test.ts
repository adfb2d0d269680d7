/** Random kills of the hub on its embedded log. */
import { killedAtRandom } from '../support/random-kills.ts'

killedAtRandom(0)
