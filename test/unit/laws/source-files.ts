/** The project's files as the laws read them: paths from the root with forward slashes, and text. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../../..')

/** What is never committed (.gitignore), and what a package manager owns. */
const apart = new Set(['.git', 'node_modules', 'data', 'web/dist', 'coverage', 'test-results', 'config/local.yaml'])

/** All files below a folder ('' is the root), sorted. */
export function listFiles(folder: string): string[] {
  const found: string[] = []
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (apart.has(path) || entry.name === 'node_modules' || entry.name.endsWith('.log')) continue
    if (entry.isDirectory()) found.push(...listFiles(path))
    else if (entry.isFile()) found.push(path)
  }
  return found.sort()
}

export function listCode(...folders: string[]): string[] {
  return folders.flatMap((folder) => listFiles(folder)).filter((path) => /\.tsx?$/.test(path))
}

export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export interface Import {
  /** As written: a package, `node:…` or a relative path. */
  readonly specifier: string
  /** Relative ones, resolved from the root; undefined for packages. */
  readonly path: string | undefined
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean
}

/** The imports of a source text: also `export … from`, `import(…)`, `require(…)` and what `createRequire` makes. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = []
  const statement = /^[ \t]*(import|export)\b([^;'"`()]*?)\bfrom\s*['"]([^'"]+)['"]/gm
  for (const [, , clause = '', specifier = ''] of text.matchAll(statement)) {
    found.push({ specifier, path: resolve(path, specifier), typeOnly: isTypeOnly(clause) })
  }
  for (const [, specifier = ''] of text.matchAll(/^[ \t]*import\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier, path: resolve(path, specifier), typeOnly: false })
  }
  for (const [, specifier = ''] of text.matchAll(calls(text))) {
    found.push({ specifier, path: resolve(path, specifier), typeOnly: false })
  }
  return found
}

/** Calls that load a module by its name, under whatever name `createRequire` and its results go in this text. */
function calls(text: string): RegExp {
  const makers = ['createRequire', ...[...text.matchAll(/\bcreateRequire\s+as\s+([\w$]+)/g)].map(([, name]) => name)]
  const made = `(?:${makers.join('|')})\\s*\\([^()]*\\)`
  const loaders = [...text.matchAll(new RegExp(`([\\w$]+)\\s*=\\s*(?:[\\w$]+\\.)*${made}`, 'g'))].map(
    ([, name]) => name,
  )
  const names = ['import', 'require', ...loaders].map((name) => name?.replaceAll('$', '\\$'))
  return new RegExp(
    `(?:(?<![\\w$])(?:${names.join('|')})|${made})\\s*(?:\\.resolve\\s*)?\\(\\s*['"\`]([^'"\`]+)['"\`]`,
    'g',
  )
}

/** `import type …`, or braces in which every name is a type. */
function isTypeOnly(clause: string): boolean {
  if (/^\s*type\s+[^,]/.test(clause)) return true
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]
  if (names === undefined) return false
  const each = names.split(',').filter((name) => name.trim() !== '')
  return each.length > 0 && each.every((name) => /^\s*type\s/.test(name))
}

function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return join('/', from, '..', specifier).slice(1).replaceAll('\\', '/')
}
