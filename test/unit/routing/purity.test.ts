import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../../src/routing')

/** Every file that the engine is made of, with its text. */
function engineFiles(): Map<string, string> {
  const files = new Map<string, string>()
  const todo = ['engine.ts']
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (files.has(file)) continue
    const text = readFileSync(join(folder, file), 'utf8')
    files.set(file, text)
    for (const [, imported = ''] of text.matchAll(/from '([^']+)'/g)) {
      expect(imported, `${file} imports ${imported}`).toMatch(/^\.\/[a-z-]+\.ts$/)
      todo.push(imported.slice(2))
    }
  }
  return files
}

test('the engine is made of its own files only, and none of them knows the time, chance or the world', () => {
  const files = engineFiles()
  expect(files.size).toBeGreaterThan(15)
  for (const [file, text] of files) {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    expect(code, file).not.toMatch(
      /Date\b|Math\.random|performance\b|process\b|setTimeout|setInterval|await|import\(|crypto/,
    )
  }
})
