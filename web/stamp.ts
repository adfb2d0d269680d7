/** Remembers what web/dist was built from: web/dist/.stamp holds a hash of the sources. Runs in Node, not in a browser. */
import { createHash } from 'node:crypto'
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

export const stampFile = join(root, 'web/dist/.stamp')

/** The last step of a build. */
export async function writeStamp(): Promise<void> {
  await writeFile(stampFile, await hashSources())
}

/** A hash of everything that the pages are made of: their sources, the shapes they share, the locked libraries. */
export async function hashSources(): Promise<string> {
  const files = ['package-lock.json', 'src/core/events/shapes.ts']
  for await (const file of glob('web/**/*.{ts,tsx,html,css,svg}', { cwd: root, exclude: ['web/dist/**'] }))
    files.push(file)
  const hash = createHash('sha256')
  for (const file of files.sort()) {
    hash
      .update(file)
      .update('\0')
      .update(await readFile(join(root, file)).catch(() => ''))
  }
  return hash.digest('hex')
}
