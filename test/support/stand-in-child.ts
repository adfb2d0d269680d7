/** The stand-in for drachtio-server in a process of its own: port for applications, secret, port of SIP. */
import { openStandIn } from '../../src/connectors/sip/stand-in.ts'

const [appPort, secret = '', port] = process.argv.slice(2)
const host = '127.0.0.1'
await openStandIn({ host, address: host, appPort: Number(appPort), secret, port: Number(port) })
process.send?.('open')
