/** A switchboard of embedded signalling alone: rings one phone for whoever calls, joins the two, and hangs up after either. No books, no voices. */
import { Signalling } from '../src/connectors/sip/signalling.ts'
import { openStandIn } from '../src/connectors/sip/stand-in.ts'

const [port, phonePort] = process.argv.slice(2).map(Number)
const host = '127.0.0.1'
const secret = 'bench'
const server = await openStandIn({ host, port: port ?? 0, address: host, secret })
const signalling = await Signalling.connect({
  port: server.appPort,
  secret,
  handlers: {
    async invite(request, answer) {
      const ringing = signalling.ring({
        uri: `sip:phone@${host}:${phonePort}`,
        sdp: request.body ?? '',
        from: '<sip:bench@localhost>',
      })
      request.on('cancel', () => ringing.cancel())
      try {
        const phone = await ringing.answered
        const caller = await signalling.answer(request, answer, phone.remoteSdp)
        caller.onGone(() => void phone.hangUp())
        phone.onGone(() => void caller.hangUp())
      } catch {
        if (!answer.finalResponseSent) answer.send(503)
      }
    },
    register: (_, answer) => answer.send(403),
    options: (_, answer) => answer.send(200),
  },
  onLost: () => process.exit(1),
})
process.send?.('open')
process.on('disconnect', () => process.exit(0))
