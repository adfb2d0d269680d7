/**
 * `npm run docs`: writes the documents that are made from the code. With `--check` it writes nothing and ends with 1 when
 * one of them is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncApi } from './asyncapi-document.ts'
import { eventsPage } from './events-document.ts'
import { openApi } from './openapi-document.ts'
import { requireNode, root } from './runtime.ts'

requireNode()

interface Document {
  readonly path: string
  make(): string | Promise<string>
}

const documents: readonly Document[] = [
  { path: 'docs/events.md', make: eventsPage },
  { path: 'docs/asyncapi.json', make: () => json(asyncApi()) },
  { path: 'docs/openapi.json', make: async () => json(await openApi()) },
]

const isCheck = process.argv.includes('--check')
const stale: string[] = []
for (const { path, make } of documents) {
  const wanted = await make()
  const there = await readFile(join(root, path), 'utf8').catch(() => '')
  if (there === wanted) continue
  if (isCheck) stale.push(path)
  else {
    await writeFile(join(root, path), wanted)
    console.log(`wrote ${path}`)
  }
}
if (stale.length > 0) {
  console.log(`Out of date: ${stale.join(', ')}. Run npm run docs and commit what it writes.`)
  process.exitCode = 1
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
