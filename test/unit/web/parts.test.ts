import { expect, test } from 'vitest'
import { linkPieces, type PartTexts, partText } from '../../../web/parts.ts'

const texts: PartTexts = {
  image: '[图片]',
  audio: '[语音]',
  video: '[视频]',
  file: '[文件]',
  sticker: '[表情]',
  location: '[位置]',
  contact: '[名片]',
  forward: '[聊天记录]',
}

test('every part can be read as text', () => {
  expect(partText({ type: 'text', text: '你好' }, texts)).toBe('你好')
  expect(partText({ type: 'image', blob: {}, caption: '看' }, texts)).toBe('[图片] 看')
  expect(partText({ type: 'file', blob: { name: '发票.pdf' } }, texts)).toBe('[文件] 发票.pdf')
  expect(partText({ type: 'audio', blob: {}, transcript: '喂' }, texts)).toBe('[语音] 喂')
  expect(partText({ type: 'location', lat: 31.2, lon: 121.5 }, texts)).toBe('[位置] 31.2, 121.5')
  expect(partText({ type: 'contact', name: '小李' }, texts)).toBe('[名片] 小李')
  expect(partText({ type: 'link', url: 'https://a.example', title: '看' }, texts)).toBe('看 https://a.example')
  expect(partText({ type: 'choice', prompt: '选', options: [{ id: '1', label: '一' }] }, texts)).toBe('选')
  expect(partText({ type: 'card', fallback: '卡片' }, texts)).toBe('卡片')
  expect(partText({ type: 'unsupported', native: 'x', fallback: '不支持' }, texts)).toBe('不支持')
  expect(partText({ type: 'forward', items: [] }, texts)).toBe('[聊天记录]')
})

test('the pieces of a text are the text, and only web addresses are links', () => {
  const cases: [string, string[]][] = [
    ['看 https://a.example/b?c=1，好吗', ['https://a.example/b?c=1']],
    ['(http://a.example/x).', ['http://a.example/x']],
    ['https://a.example和https://b.example。', ['https://a.example', 'https://b.example']],
    ['javascript:alert(1) data:text/html,x ftp://a.example', []],
    ['<a href="https://a.example">', ['https://a.example']],
    ['', []],
  ]
  for (const [text, links] of cases) {
    const pieces = linkPieces(text)
    expect(pieces.map((piece) => piece.text).join('')).toBe(text)
    expect(pieces.flatMap(({ href }) => href ?? [])).toEqual(links)
  }
})
