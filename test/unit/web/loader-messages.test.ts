import { expect, test } from 'vitest'
import { type Hello, helloOf, widgetUrl } from '../../../web/loader/messages.ts'

const parent = { name: 'the window around the frame' }
const port = { name: 'a port' }
const hello: Hello = {
  type: 'tributary.hello',
  channelId: 'chn_01',
  locale: 'zh-CN',
  page: 'https://shop.example/tea',
  open: true,
  identity: null,
}

test('the widget lives beside the loader, below a path too', () => {
  expect(widgetUrl('https://hub.example/w.js')?.href).toBe('https://hub.example/widget/')
  expect(widgetUrl('https://hub.example/service/w.js?v=1')?.href).toBe('https://hub.example/service/widget/')
})

test('a loader that did not come over http shows nothing', () => {
  for (const src of ['', 'w.js', 'data:text/javascript,1', 'blob:https://x.example/1', 'file:///w.js']) {
    expect(widgetUrl(src)).toBeUndefined()
  }
})

test('the greeting of the window around the frame is taken', () => {
  expect(helloOf({ source: parent, data: hello, ports: [port] }, parent)).toEqual(hello)
})

test('another window, a missing or a second port, or another form is not a greeting', () => {
  expect(helloOf({ source: {}, data: hello, ports: [port] }, parent)).toBeUndefined()
  expect(helloOf({ source: null, data: hello, ports: [port] }, parent)).toBeUndefined()
  expect(helloOf({ source: parent, data: hello, ports: [] }, parent)).toBeUndefined()
  expect(helloOf({ source: parent, data: hello, ports: [port, port] }, parent)).toBeUndefined()
  for (const data of [null, undefined, 'tributary.hello', { ...hello, type: 'x' }, { ...hello, channelId: 7 }]) {
    expect(helloOf({ source: parent, data, ports: [port] }, parent)).toBeUndefined()
  }
  for (const channelId of ['', 'cnv_01', 'chn_', 'chn_../../x', `chn_${'a'.repeat(41)}`]) {
    expect(helloOf({ source: parent, data: { ...hello, channelId }, ports: [port] }, parent)).toBeUndefined()
  }
})

test('what else a greeting says is cut to its form', () => {
  const data = { ...hello, page: 'x'.repeat(9999), open: 'yes', locale: 7, identity: '' }
  const taken = helloOf({ source: parent, data, ports: [port] }, parent)
  expect(taken).toMatchObject({ open: false, locale: '7', identity: null })
  expect(taken?.page).toHaveLength(500)
})
