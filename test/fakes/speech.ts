/** A speech service on a real socket, in the form that docs/speech.md describes: says what it was asked, answers as it is told to. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** What it says whatever it is given: a sound of a second or two. */
export const spokenSound = readFileSync(join(import.meta.dirname, '../../config/prompts/zh/1.wav'))

export interface SpeechAsked {
  readonly path: string
  readonly authorization: string | undefined
  /** Fields of a form, or members of a JSON body. */
  readonly fields: Readonly<Record<string, string>>
  readonly file?: { readonly name: string; readonly type: string; readonly bytes: Buffer }
}

type Answer = { readonly status: number; readonly body: Buffer | object; readonly headers?: Record<string, string> }

export class SpeechFarEnd {
  readonly asked: SpeechAsked[] = []
  /** What comes before it answers as usual, in order. */
  readonly next: Answer[] = []
  /** What it hears in everything. */
  hears = '您好，我想退货'
  /** Answers to text in place of a sound. */
  says: Buffer = spokenSound

  readonly #server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const path = request.url ?? ''
      const { authorization, 'content-type': type = '' } = request.headers
      this.asked.push({ path, authorization, ...partsOf(type, Buffer.concat(pieces)) })
      const usual: Answer =
        path === '/v1/audio/speech' ? { status: 200, body: this.says } : { status: 200, body: { text: this.hears } }
      const { status, body, headers = {} } = this.next.shift() ?? usual
      response.writeHead(status, headers).end(Buffer.isBuffer(body) ? body : JSON.stringify(body))
    })
  })

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function partsOf(type: string, body: Buffer): Pick<SpeechAsked, 'fields' | 'file'> {
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(type)?.[1]
  if (boundary === undefined) return { fields: JSON.parse(body.toString()) as Record<string, string> }
  const fields: Record<string, string> = {}
  let file: SpeechAsked['file']
  // Bytes as Latin-1 are one sign each, so that a sound survives being text for a while.
  for (const piece of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = piece.slice(2, -2).split('\r\n\r\n')
    const content = rest.join('\r\n\r\n')
    const name = / name="([^"]*)"/.exec(head)?.[1] ?? ''
    const fileName = / filename="([^"]*)"/.exec(head)?.[1]
    if (fileName === undefined) fields[name] = Buffer.from(content, 'latin1').toString()
    else {
      const fileType = /Content-Type: (.*)/.exec(head)?.[1] ?? ''
      file = { name: fileName, type: fileType, bytes: Buffer.from(content, 'latin1') }
    }
  }
  return { fields, ...(file !== undefined && { file }) }
}
