import { expect, test } from 'vitest'
import { listCode, listFiles, readSource } from './source-files.ts'

const ourFolders = ['src', 'web', 'test', 'bench', 'scripts']
const MAX_LINES = 400

test(`no file of ours is longer than ${MAX_LINES} lines`, () => {
  const files = [...ourFolders, 'migrations'].flatMap(listFiles).filter((file) => /\.(tsx?|css|sql|html)$/.test(file))
  const long = files
    .map((file) => ({ file, lines: readSource(file).trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
  expect(long).toEqual([])
})

test('no file, folder or type is named after a drawer', () => {
  const drawers = /(^|[-./])(utils?|helpers?|common|misc|managers?|service|base)([-./]|$)/
  expect(ourFolders.flatMap(listFiles).filter((file) => drawers.test(file))).toEqual([])
  const types = /\b(?:class|interface|type)\s+(I[A-Z][a-z]\w*Interface|\w+(?:Manager|Service|Helper|Utils?|Impl))\b/g
  const named = listCode(...ourFolders).flatMap((file) =>
    [...readSource(file).matchAll(types)].map(([, name]) => `${file}: ${name}`),
  )
  expect(named).toEqual([])
})

test('names are exported as themselves; only a tool that asks for a default export gets one', () => {
  const asked = /(^|\/)[\w-]+\.config\.ts$|^test\/support\/[\w-]+-global\.ts$|\.d\.ts$/
  const given = listCode(...ourFolders, '').filter(
    (file) => !asked.test(file) && /^export (default\b|\{[^}]*\bas default\b)/m.test(readSource(file)),
  )
  expect(given).toEqual([])
})

test('index.ts is the definition of a connector or the entrance of a page, never a list of exports', () => {
  const entrances = /^(src\/connectors\/(?!runtime\/)[^/]+|web\/[^/]+)\/index\.tsx?$/
  expect(listCode(...ourFolders).filter((file) => /\/index\.tsx?$/.test(file) && !entrances.test(file))).toEqual([])
})

test('every migration has its own number and says which older release can run on it', () => {
  const files = listFiles('migrations')
  expect(files.filter((file) => !/^migrations\/\d{4}_[a-z0-9_]+\.sql$/.test(file))).toEqual([])
  expect(new Set(files.map((file) => file.slice(0, 15))).size).toBe(files.length)
  expect(files.filter((file) => !/^-- Needs /.test(readSource(file)))).toEqual([])
})

test('nothing committed names a package registry, a machine or a path of one', () => {
  // The brackets keep this line from naming what it looks for.
  const registries =
    /registry\.[a-z]+\.(?:com|org|io|cn)|npmjs\.(?:org|com)|npmm[i]rror|repo1?\.maven\.|maven\.org|artif[a]ctory|verd[a]ccio|deb\.debian\.org|pypi\.org|proxy\.golang\.org/i
  const places = /(?<![\w.~-])\/(?:work|root|farm|old_root|Users)\/|\/home\/(?!node\b)\w+\/|\/tmp\/(?:brief|bash_jobs)/
  const texts = listFiles('').filter((file) => !/\.(png|jpe?g|gif|ico|woff2?|mp3|wav|ogg|webp)$/.test(file))
  const named = texts.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, index) => {
        const found = registries.exec(line) ?? places.exec(line)
        return found === null ? [] : [`${file}:${index + 1}: ${found[0]}`]
      }),
  )
  expect(named).toEqual([])
})
