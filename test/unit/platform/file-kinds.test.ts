import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanName, partTypeOf, typeOf } from '../../../src/core/platform/file-kinds.ts'

test.each([
  ['照片.png', '照片.png'],
  ['.htaccess\u200b', 'htaccess'],
  ['x.php\u200b', 'x.php'],
  ['ｘ．ｐｎｇ', 'x.png'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\a\\b.doc', 'b.doc'],
  ['a\r\nSet-Cookie: x.png', 'aSet-Cookie_ x.png'],
  ['photo\u202Egnp.exe', 'photognp.exe'],
  ['"<script>".png', '__script__.png'],
  ['...', 'file'],
  ['', 'file'],
])('the name %j is kept as %j', (given, kept) => {
  expect(cleanName(given)).toBe(kept)
})

test('a name that is too long keeps its ending', () => {
  expect(cleanName(`${'长'.repeat(400)}.jpeg`)).toBe(`${'长'.repeat(195)}.jpeg`)
})

test('whatever is given, the name is short, clean, and stays as it is when cleaned again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (given) => {
      const name = cleanName(given)
      expect(name).toMatch(/^[^/\\\p{Cc}\p{Cf}]+$/u)
      expect(Array.from(name).length).toBeLessThanOrEqual(200)
    }),
  )
})

const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')

test.each([
  ['a.png', png, 'image/png'],
  ['a.PNG', png, 'image/png'],
  ['a.jpg', png, 'application/octet-stream'],
  ['a.html', png, 'application/octet-stream'],
  ['a.png.html', png, 'application/octet-stream'],
  ['png', png, 'application/octet-stream'],
  ['a.constructor', png, 'application/octet-stream'],
  ['a.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'application/octet-stream'],
  ['a.docx', Buffer.from('PK\u0003\u0004'), 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['a.pdf', Buffer.from('%PDF-1.7\n'), 'application/pdf'],
  ['a.pdf', Buffer.from('GIF89a%PDF-1.7\n'), 'application/octet-stream'],
  ['a.txt', Buffer.from('hello'), 'application/octet-stream'],
  ['a.png', Buffer.alloc(0), 'application/octet-stream'],
])('%s with those bytes passes for what both agree on', async (name, head, type) => {
  expect(await typeOf(head, name)).toBe(type)
})

test('a type makes the part that shows it', () => {
  expect(['image/webp', 'image/svg+xml', 'audio/amr', 'video/mp4', 'application/pdf'].map(partTypeOf)).toEqual([
    'image',
    'file',
    'audio',
    'video',
    'file',
  ])
})
