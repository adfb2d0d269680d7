import { connect } from 'node:net'
import { Type } from 'typebox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { me } from '../../../src/api/routes/me.ts'
import type { RoutePlugin } from '../../../src/api/server.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'

let api: TestApi
let shop: Business
let port: number

beforeAll(async () => {
  api = await startTestApi([me])
  shop = await api.business()
  port = Number(new URL(await api.app.listen({ port: 0, host: '127.0.0.1' })).port)
})
afterAll(() => api.close())

/** All that the server says to these bytes until it hangs up. */
const say = (bytes: string | Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      heard += text
    })
    socket.on('close', () => resolve(heard))
    socket.on('error', reject)
  })

test.each([
  ['no HTTP at all', 'EHLO hub.example\r\n\r\n', 400],
  ['random bytes', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 13, 10, 13, 10]), 400],
  ['two lengths', 'POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
  [
    'a length and chunks',
    'POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
  ],
  ['endless headers', `GET /v1/me HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
])('%s is answered with a problem, and the server lives', async (_case, bytes, status) => {
  const heard = await say(bytes)
  expect(heard.startsWith(`HTTP/1.1 ${status} `)).toBe(true)
  expect(heard).toContain('content-type: application/problem+json')
  expect(JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4))).toMatchObject({ status, code: 'request-malformed' })
  expect((await fetch(`http://127.0.0.1:${port}/v1/me`)).status).toBe(401)
})

test('a WebSocket to a route that is none is closed at once', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/me`, ['tributary.v1', `bearer.${shop.agent.token}`])
  const outcome = await new Promise<string>((resolve) => {
    socket.on('close', () => resolve('closed'))
    socket.on('error', () => resolve('failed'))
  })
  expect(outcome).toBe('closed')
  expect((await fetch(`http://127.0.0.1:${port}/v1/me`)).status).toBe(401)
})

test('closing the server finishes what is under way and does not wait for idle connections', async () => {
  let arrived = () => {}
  let finish = () => {}
  const begun = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const slow = (): RoutePlugin => async (app) => {
    const schema = { response: { 200: Type.Object({ done: Type.Boolean() }) } }
    app.get('/v1/test/slow', { config: { permission: 'public' }, schema }, async () => {
      arrived()
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return { done: true }
    })
  }
  const other = await startTestApi([me, slow])
  const origin = await other.app.listen({ port: 0, host: '127.0.0.1' })
  expect((await fetch(`${origin}/v1/me`)).status).toBe(401)
  const answer = fetch(`${origin}/v1/test/slow`)
  await begun
  const closing = other.close()
  await eventually(() => !other.app.server.listening)
  finish()
  expect(await (await answer).json()).toEqual({ done: true })
  await closing
  await expect(fetch(`${origin}/v1/me`)).rejects.toThrow()
})
