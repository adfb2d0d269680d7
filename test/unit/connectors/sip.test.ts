/** SIP, digest and SDP as text: what is understood, what is refused, and that nothing sent to us can break anything. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { challenge, parseAnswer, verdictOn } from '../../../src/connectors/sip/digest.ts'
import { KeyEar } from '../../../src/connectors/sip/hearing.ts'
import { Lockout } from '../../../src/connectors/sip/lockout.ts'
import {
  header,
  headersOf,
  maxMessageBytes,
  parameter,
  parseMessage,
  tagOf,
  targetOf,
  uriOf,
  userOf,
  writeMessage,
} from '../../../src/connectors/sip/message.ts'
import { isFrom, type Party } from '../../../src/connectors/sip/party.ts'
import { referToIn } from '../../../src/connectors/sip/referring.ts'
import { RtpStream, readRtp } from '../../../src/connectors/sip/rtp.ts'
import { answerTo, sdpOf, voiceIn } from '../../../src/connectors/sip/sdp.ts'

const invite = [
  'INVITE sip:9000@hub.example SIP/2.0',
  'v: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone, SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKtwo',
  'f: "Chen, Li" <sip:13800138000@192.0.2.1>;tag=abc',
  'To: <sip:9000@hub.example>',
  'Call-ID: one@192.0.2.1',
  'CSeq: 7 INVITE',
  'Contact: <sip:13800138000@192.0.2.1:5062;transport=tcp>',
  'Subject: a word',
  ' and another',
  'Content-Length: 4',
  '',
  'abcd',
].join('\r\n')

describe('a SIP message', () => {
  test('is read with short names, folded lines and lists, and written the same', () => {
    const message = parseMessage(Buffer.from(invite))
    if (message === undefined) throw new Error('was not read')
    expect(headersOf(message, 'via')).toEqual([
      'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone',
      'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKtwo',
    ])
    expect(tagOf(header(message, 'From'))).toBe('abc')
    expect(header(message, 'Subject')).toBe('a word and another')
    expect(targetOf(uriOf(header(message, 'Contact')))).toEqual({ transport: 'tcp', host: '192.0.2.1', port: 5062 })
    expect(parameter(headersOf(message, 'Via')[0] ?? '', 'branch')).toBe('z9hG4bKone')
    expect(message.body).toBe('abcd')
    const again = parseMessage(writeMessage(message))
    expect({ ...again, headers: again?.headers.filter(([name]) => name !== 'Content-Length') }).toEqual({
      ...message,
      headers: message.headers.filter(([name]) => name !== 'Content-Length'),
    })
  })

  test('names whom it is for in clear, however it is written', () => {
    expect(userOf('sip:%2B8621%2D1@hub.example;user=phone')).toBe('+8621-1')
    expect(userOf('tel:021')).toBe('021')
    expect(userOf('sip:8001%@hub.example?Replaces=x')).toBe('8001%')
    expect(userOf('https://hub.example')).toBe('')
  })

  test.each([
    ['nothing', ''],
    ['no end', invite.slice(0, 100)],
    ['another protocol', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no Call-ID', invite.replace(/Call-ID.*\r\n/, '')],
    ['another method in its CSeq', invite.replace('7 INVITE', '7 BYE')],
    ['less body than it says', invite.replace('Length: 4', 'Length: 5')],
    ['a length that is none', invite.replace('Length: 4', 'Length: -4')],
    ['too much', invite.replace('a word', 'x'.repeat(maxMessageBytes))],
  ])('with %s is none', (_, text) => {
    expect(parseMessage(Buffer.from(text))).toBeUndefined()
  })

  test('that refers somebody names whom, and the call in whose place; half of that is nothing', () => {
    expect(referToIn('sip:8002@hub.example;transport=udp')).toEqual({ user: '8002', replaces: undefined })
    const other = 'sip:8002@hub.example?Require=replaces&Replaces=a%40b%3Bfrom-tag%3Dx%3Bto-tag%3Dy%3Bearly-only'
    const replaces = { callId: 'a@b', toTag: 'y', fromTag: 'x' }
    expect(referToIn(other)).toEqual({ user: '8002', replaces })
    expect(referToIn('sip:8002@hub.example?replaces=a%40b;to-tag=y;from-tag=x')).toEqual({ user: '8002', replaces })
    for (const half of ['a', 'a%3Bto-tag%3Dy', '%3Bto-tag%3Dy%3Bfrom-tag%3Dx', '%zz', ''])
      expect(referToIn(`sip:8002@hub.example?Replaces=${half}`)).toBeUndefined()
    for (const nobody of ['', `sip:${'8'.repeat(51)}@hub.example`, 'http://8002@hub.example'])
      expect(referToIn(nobody)).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => void referToIn(`sip:8002@hub?Replaces=${text}`)))
  })

  test('of any bytes, also one of ours that was damaged, breaks nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseMessage(Buffer.from(bytes))))
    const damage = fc.array(fc.tuple(fc.nat(invite.length - 1), fc.nat(255)), { maxLength: 6 })
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Buffer.from(invite)
        for (const [at, byte] of changes) bytes[at] = byte
        const message = parseMessage(bytes)
        if (message !== undefined) expect(parseMessage(writeMessage(message))).toBeDefined()
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a password', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const desk = { realm: 'tributary', key: Buffer.alloc(32, 1) }
  const ha1 = md5('8001:tributary:secret')
  const answerAt = (at: number, password = 'secret') => {
    const nonce =
      parameter(`;${challenge(desk, at, false).replace('Digest ', '').replaceAll(', ', ';')}`, 'nonce') ?? ''
    const response = md5(`${md5(`8001:tributary:${password}`)}:${nonce}:00000001:abc:auth:${md5('REGISTER:sip:hub')}`)
    const value = `Digest username="8001", realm="tributary", nonce="${nonce}", uri="sip:hub", response="${response}", qop=auth, nc=00000001, cnonce="abc"`
    const answer = parseAnswer(desk, value)
    if (answer === undefined) throw new Error('was not read')
    return answer
  }

  test('is right, stale after five minutes, or wrong', () => {
    const verdict = (answer: ReturnType<typeof answerAt>, at: number, method = 'REGISTER') =>
      verdictOn(answer, method, ha1, desk, at)
    expect(verdict(answerAt(1000), 2000)).toBe('right')
    expect(verdict(answerAt(1000), 400_000)).toBe('stale')
    expect(verdict(answerAt(1000, 'guess'), 2000)).toBe('wrong')
    expect(verdict(answerAt(1000), 2000, 'INVITE')).toBe('wrong')
    expect(verdict({ ...answerAt(1000), nonce: '0000000003e8abcdef' }, 2000)).toBe('wrong')
    expect(verdictOn(answerAt(1000), 'REGISTER', ha1, { ...desk, key: Buffer.alloc(32, 2) }, 2000)).toBe('wrong')
  })

  test('for another realm or algorithm is no answer to us', () => {
    for (const value of [undefined, 'Basic abc', 'Digest username="8001", realm="other", nonce="n", response="r"']) {
      expect(parseAnswer(desk, value)).toBeUndefined()
    }
  })
})

describe('an SDP', () => {
  const offer = (lines: string) => `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n${lines}`

  test('is read for G.711 and keys, in the order of preference', () => {
    const lines = 'm=audio 4000 RTP/AVP 18 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n'
    expect(voiceIn(offer(lines))).toEqual({
      address: '192.0.2.1',
      port: 4000,
      codecs: [8, 0],
      events: 96,
      direction: 'sendonly',
    })
    expect(voiceIn(offer('m=audio 4000 RTP/AVP 0\r\n'))).toMatchObject({ events: null, direction: 'sendrecv' })
  })

  test.each([
    ['no voice', 'm=video 4000 RTP/AVP 0\r\n'],
    ['a voice that is switched off', 'm=audio 0 RTP/AVP 0\r\n'],
    ['no codec that we know', 'm=audio 4000 RTP/AVP 18\r\n'],
    ['sealed voice', 'm=audio 4000 RTP/SAVP 0\r\n'],
  ])('with %s offers nothing', (_, lines) => {
    expect(voiceIn(offer(lines))).toBeUndefined()
  })

  test('of ours is read as it was meant, and anything else breaks nothing', () => {
    const voice = { address: '192.0.2.9', port: 20_000, codecs: [0], events: 101, direction: 'recvonly' } as const
    expect(voiceIn(sdpOf(voice))).toEqual(voice)
    expect(['sendrecv', 'sendonly', 'recvonly', 'inactive'].map((word) => answerTo(word as 'sendrecv'))).toEqual([
      'sendrecv',
      'recvonly',
      'sendonly',
      'inactive',
    ])
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => void voiceIn(offer(text))))
  })
})

describe('RTP', () => {
  test('of any bytes breaks nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void readRtp(Buffer.from(bytes))))
  })

  test('tells each key once, also where its last packets come late, over the wrap of time stamps too', () => {
    const ear = new KeyEar()
    const hear = (event: number, timestamp: number, ssrc = 1) =>
      ear.keyIn(
        { payloadType: 101, marker: false, sequence: 0, timestamp, ssrc, payload: Buffer.from([event, 10, 0, 160]) },
        101,
      )
    const [before, after] = [0xffffff00, 0x100]
    expect([hear(1, before), hear(1, before), hear(2, after), hear(1, before), hear(2, after)]).toEqual([
      '1',
      undefined,
      '2',
      undefined,
      undefined,
    ])
    // Another stream counts anew; what is no key is none.
    expect([hear(3, 5, 2), hear(3, 5, 1), hear(16, 9, 2)]).toEqual(['3', undefined, undefined])
    expect(
      ear.keyIn({ payloadType: 0, marker: false, sequence: 0, timestamp: 7, ssrc: 2, payload: Buffer.alloc(160) }, 101),
    ).toBeUndefined()
  })

  test('of several sources is one stream that counts on, over every wrap', () => {
    const packet = fc.record({ source: fc.nat(2), steps: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.array(packet, { minLength: 2, maxLength: 60 }), (seed, list) => {
        const stream = new RtpStream(seed)
        const at = [65_530, 100, 65_535]
        const sent = list.map(({ source, steps }) => {
          at[source] = (at[source] ?? 0) + steps
          const sequence = (at[source] ?? 0) & 0xffff
          const timestamp = ((at[source] ?? 0) * 160) >>> 0
          const bytes = stream.next(
            { payloadType: 0, marker: false, sequence, timestamp, payload: Buffer.alloc(1) },
            source,
            8,
          )
          const read = readRtp(bytes)
          if (read === undefined) throw new Error('is no packet')
          return read
        })
        for (const [index, { sequence, timestamp, payloadType }] of sent.entries()) {
          expect(payloadType).toBe(8)
          const before = sent[index - 1]
          if (before === undefined) continue
          expect((sequence - before.sequence) & 0xffff).toBeLessThan(10_000)
          expect((sequence - before.sequence) & 0xffff).toBeGreaterThan(0)
          expect((timestamp - before.timestamp) >>> 0).toBeGreaterThan(0)
        }
      }),
    )
  })
})

describe('whoever guesses passwords', () => {
  const here = '198.51.100.7'
  const tries = (lockout: Lockout, count: number, act: (lockout: Lockout) => boolean) =>
    Array.from({ length: count }, () => act(lockout)).filter((isShut) => isShut).length

  test('is heard no more after ten wrong ones, is told so once, and is forgiven after ten minutes', () => {
    const lockout = new Lockout()
    expect(tries(lockout, 9, (one) => one.wrong(here, '8001', 0))).toBe(0)
    expect(lockout.hears(here, 1)).toBe(true)
    expect(tries(lockout, 3, (one) => one.wrong(here, '8001', 1))).toBe(1)
    expect(lockout.hears(here, 2)).toBe(false)
    expect(lockout.hears('198.51.100.8', 2)).toBe(true)
    expect(lockout.hears(here, 600_001)).toBe(true)
  })

  test('is heard no more after two hundred questions without an answer, but an office that logs in is', () => {
    const lockout = new Lockout()
    for (let phone = 0; phone < 500; phone++) {
      expect(lockout.challenged(here, phone)).toBe(false)
      lockout.right(here, String(phone))
    }
    expect(tries(lockout, 200, (one) => one.challenged(here, 1000))).toBe(1)
  })

  test('from many addresses shuts the extension to all but the place where it is at home', () => {
    const lockout = new Lockout()
    lockout.right(here, '8001')
    for (let n = 0; n < 10; n++) lockout.wrong(`203.0.113.${n}`, '8001', 0)
    expect(lockout.mayTry('8001', '203.0.113.99', 1)).toBe(false)
    expect(lockout.mayTry('8001', here, 1)).toBe(true)
    expect(lockout.mayTry('8002', '203.0.113.99', 1)).toBe(true)
    expect(lockout.mayTry('8001', '203.0.113.99', 600_001)).toBe(true)
  })

  test('from a million addresses takes no more memory than ten thousand do', () => {
    const lockout = new Lockout()
    for (let n = 0; n < 30_000; n++) lockout.wrong(`address ${n}`, `extension ${n}`, 0)
    for (let n = 0; n < 10; n++) lockout.wrong(here, '8001', 0)
    expect(lockout.hears(here, 1)).toBe(false)
  })
})

describe('where a voice comes from', () => {
  const told = (address: string): Pick<Party, 'remote' | 'source'> => ({
    remote: { address, port: 4000, codec: 0, events: null },
    source: undefined,
  })
  const from = (address: string, port = 4000) => ({ address, port })

  test('is the address that the phone named, or behind a router the one from which it speaks first', () => {
    expect(isFrom(told('203.0.113.5'), from('203.0.113.5', 4100))).toBe(true)
    expect(isFrom(told('203.0.113.5'), from('203.0.113.6'))).toBe(false)
    expect(isFrom(told('203.0.113.5'), from('192.168.1.6'))).toBe(false)
    const phone = told('192.168.1.5')
    expect(isFrom(phone, from('203.0.113.6'))).toBe(true)
    expect(isFrom(phone, from('192.168.1.5'))).toBe(false)
  })

  test('may be this machine, whichever of its addresses the phone named', () => {
    expect(isFrom(told('203.0.113.5'), from('127.0.0.1'))).toBe(true)
    expect(isFrom(told('2001:db8::5'), from('::1'))).toBe(true)
  })
})
