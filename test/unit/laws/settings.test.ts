import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml'
import { configSchema, loadConfig } from '../../../src/core/platform/config.ts'
import { readSource, root } from './source-files.ts'

const defaults = parseDocument(readSource('config/default.yaml'))

/** Paths of all settings of a schema, groups left out. */
function settingsOf(schema: TSchema, path: readonly string[] = []): string[] {
  if (!('properties' in schema)) return [path.join('.')]
  return Object.entries(schema.properties as Record<string, TSchema>).flatMap(([name, inner]) =>
    settingsOf(inner, [...path, name]),
  )
}

/** Every pair of a YAML map with its path, whether it is a group, and the comment that stands before it. */
function entriesOf(map: YAMLMap, path: readonly string[] = []): { path: string; isGroup: boolean; told: boolean }[] {
  return map.items.flatMap((pair, index) => {
    const key = isScalar(pair.key) ? pair.key : undefined
    const here = [...path, String(key?.value)]
    // The comment before the first member of a map is kept with the map.
    const told = Boolean(key?.commentBefore) || (index === 0 && Boolean(map.commentBefore))
    const inner = isMap(pair.value) ? entriesOf(pair.value, here) : []
    return [{ path: here.join('.'), isGroup: isMap(pair.value), told }, ...inner]
  })
}

const entries = isMap(defaults.contents) ? entriesOf(defaults.contents) : []
const inFile = entries.filter(({ isGroup }) => !isGroup)

test('every setting stands in config/default.yaml, and nothing else does', () => {
  expect(inFile.map(({ path }) => path).sort()).toEqual(settingsOf(configSchema).sort())
})

test('the defaults are valid as they stand', () => {
  expect(loadConfig(`${root}/config`, {})).toMatchObject({ roles: expect.any(Array) })
})

test('every setting has its sentence, or shares the one of the setting before it', () => {
  const mute = inFile.filter(({ path, told }, index) => {
    const before = inFile[index - 1]?.path ?? ''
    const isNeighbour = before.slice(0, before.lastIndexOf('.')) === path.slice(0, path.lastIndexOf('.'))
    return !told && !isNeighbour
  })
  // A group with a single obvious member is told by its own sentence.
  const groupsTold = new Set(entries.filter(({ isGroup, told }) => isGroup && told).map(({ path }) => path))
  expect(mute.filter(({ path }) => !groupsTold.has(path.slice(0, path.lastIndexOf('.'))))).toEqual([])
})
