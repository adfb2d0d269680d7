/**
 * Builds the pages into web/dist: w.js (one file, its address never changes), widget/, console/ and demo/, each with its own
 * hashed assets and nothing shared, so that the widget carries only what it uses. Addresses within are relative: the hub may
 * be served below a path. Nothing inline: the hub's Content-Security-Policy forbids it.
 */
import { join } from 'node:path'
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite'
import { writeStamp } from './stamp.ts'

const root = import.meta.dirname

/** A page or pages in a folder of their own. */
const pages = (folder: string, ...names: string[]): EnvironmentOptions => ({
  consumer: 'client',
  build: {
    outDir: join(root, 'dist'),
    emptyOutDir: false,
    assetsDir: `${folder}/assets`,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: 'es2022',
    rolldownOptions: { input: names.map((name) => join(root, folder, name)) },
  },
})

const loader: EnvironmentOptions = {
  consumer: 'client',
  build: {
    outDir: join(root, 'dist'),
    emptyOutDir: false,
    modulePreload: false,
    target: 'es2020',
    rolldownOptions: { input: join(root, 'loader/w.ts'), output: { format: 'iife', entryFileNames: 'w.js' } },
  },
}

/** Imports on demand without Vite's preloading: there is nothing to preload, and it is a twentieth of the widget. */
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  resolveId: (id) => (id.endsWith('vite/preload-helper.js') ? '\0plain-imports' : undefined),
  load: (id) => (id === '\0plain-imports' ? 'export const __vitePreload = (load) => load()' : undefined),
}

export default defineConfig({
  root,
  base: './',
  publicDir: false,
  clearScreen: false,
  // The same pages whatever NODE_ENV says.
  define: { 'process.env.NODE_ENV': '"production"' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  build: { reportCompressedSize: false },
  plugins: [plainImports],
  environments: {
    client: pages('widget', 'index.html'),
    console: pages('console', 'index.html'),
    demo: pages('demo', 'index.html', 'h5.html'),
    loader,
  },
  builder: {
    async buildApp(builder) {
      for (const environment of Object.values(builder.environments)) await builder.build(environment)
      await writeStamp()
    },
  },
})
