/** A way to an IMAP server that answers by itself where a test wants what the server does not do when asked: it ends the TLS of both sides. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type { MailServers } from './mail-servers.ts'

/** To a FETCH that asks for one of those mails: a NO, the answer without it, or the end of the connection. */
export interface Withheld {
  readonly how: 'refused' | 'left-out' | 'cut'
  readonly uids: (uid: number) => boolean
  /** Only of what asks for its words; all other is answered. */
  readonly words?: boolean
  /** No oftener than this. */
  readonly most?: number
}

export interface WayToImap {
  readonly port: number
  withheld: Withheld | undefined
  /** How often something was withheld. */
  readonly times: number
  close(): Promise<void>
}

const fetchForm = /^(\w+) UID FETCH ([\d,]+) (.*)\r\n$/

export async function wayToImap({ imapPort, certificate, key }: MailServers): Promise<WayToImap> {
  const open = new Set<TLSSocket>()
  const server = createServer({ cert: certificate, key }, (client) => {
    const dovecot = connect({ host: 'localhost', port: imapPort, ca: certificate })
    for (const one of [client, dovecot]) {
      open.add(one)
      one
        .on('error', () => {})
        .once('close', () => {
          open.delete(one)
          client.destroy()
          dovecot.destroy()
        })
    }
    dovecot.pipe(client)
    client.on('data', (chunk: Buffer) => {
      const [line, tag = '', set = '', what = ''] = fetchForm.exec(chunk.toString('latin1')) ?? []
      const { withheld } = way
      const isMeant = line !== undefined && (withheld?.words !== true || what.includes('BODY.PEEK'))
      const asked = set.split(',').map(Number)
      if (withheld === undefined || !isMeant || way.times === withheld.most || !asked.some(withheld.uids))
        return void dovecot.write(chunk)
      way.times += 1
      const left = asked.filter((uid) => !withheld.uids(uid))
      if (withheld.how === 'cut') client.destroy()
      else if (withheld.how === 'refused') client.write(`${tag} NO [SERVERBUG] Cannot open it.\r\n`)
      else if (left.length === 0) client.write(`${tag} OK Fetch completed.\r\n`)
      else dovecot.write(`${tag} UID FETCH ${left.join(',')} ${what}\r\n`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const way = {
    port: (server.address() as AddressInfo).port,
    withheld: undefined as Withheld | undefined,
    times: 0,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return way
}
