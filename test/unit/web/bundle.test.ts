/** The pages as they are built: small, and nothing in them that the hub's Content-Security-Policy would stop. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildWebIfStale } from '../../../scripts/build-web.ts'

const dist = join(import.meta.dirname, '../../../web/dist')
const files = new Map<string, Buffer>()

beforeAll(async () => {
  await buildWebIfStale()
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(dist.length + 1), await readFile(path))
  }
})

const find = (pattern: RegExp) => [...files].filter(([path]) => pattern.test(path))
const zipped = ([, content]: readonly [string, Buffer]) => gzipSync(content, { level: 9 }).length
const sum = (pattern: RegExp) => find(pattern).reduce((total, file) => total + zipped(file), 0)

describe('sizes, gzipped', () => {
  test('the loader is at most 2 000 bytes', () => {
    expect(sum(/^w\.js$/)).toBeGreaterThan(0)
    expect(sum(/^w\.js$/)).toBeLessThanOrEqual(2000)
  })

  test('what a visitor loads to read and write, in the dearest language, is at most 15 000 bytes, and the rest 5 000', () => {
    const languages = find(/^widget\/assets\/widget-/)
    expect(languages).toHaveLength(3)
    const rest = sum(/^w\.js$|^widget\/index\.html$|^widget\/assets\/index-/)
    expect(rest + Math.max(...languages.map(zipped))).toBeLessThanOrEqual(15_000)
    expect(sum(/^widget\/assets\/more-/)).toBeLessThanOrEqual(5000)
  })

  test('what an agent loads first is at most 45 500 bytes, and nothing that comes later more than 20 000', () => {
    const isFirst = /^console\/(index\.html|assets\/(index|actions|rolldown-runtime)-)/
    const first = sum(isFirst)
    expect(first).toBeGreaterThan(10_000)
    expect(first).toBeLessThanOrEqual(45_500)
    const later = find(/^console\//).filter(([path]) => !isFirst.test(path))
    expect(later.length).toBeGreaterThan(20)
    for (const file of later) expect([file[0], zipped(file) <= 20_000]).toEqual([file[0], true])
  })
})

describe('what the pages may contain', () => {
  test('no page has a script, a style or a handler within itself', () => {
    const pages = find(/\.html$/)
    expect(pages.map(([path]) => path).sort()).toEqual([
      'console/index.html',
      'demo/h5.html',
      'demo/index.html',
      'widget/index.html',
    ])
    for (const [path, content] of pages) {
      const html = String(content)
      expect([path, html.match(/<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=/gi)]).toEqual([path, null])
    }
  })

  test('no page loads anything from elsewhere', () => {
    for (const [path, content] of find(/\.html$/)) {
      expect([path, String(content).match(/(?:src|href)="(?:https?:)?\/\/[^"]*"/g)]).toEqual([path, null])
    }
    for (const [path, content] of find(/\.css$/)) {
      expect([path, String(content).match(/url\(|@import/g)]).toEqual([path, null])
    }
  })

  test('no code is made of text, and no markup of what somebody wrote', async () => {
    for (const [path, content] of find(/\.js$/)) {
      expect([path, String(content).match(/\beval\(|new Function\(|document\.write|insertAdjacentHTML/g)]).toEqual([
        path,
        null,
      ])
    }
    const sources = join(dist, '..')
    for (const entry of await readdir(sources, { recursive: true })) {
      if (!/\.tsx?$/.test(entry) || entry.startsWith('dist')) continue
      const source = await readFile(join(sources, entry), 'utf8')
      expect([entry, source.match(/dangerouslySetInnerHTML|innerHTML|outerHTML/g)]).toEqual([entry, null])
    }
  })
})
