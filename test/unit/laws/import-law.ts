/** Who may import whom: section 3 of ARCHITECTURE.md, as a function. */
import type { Import } from './source-files.ts'

/** Each may import itself and what stands before it. */
export const layers = [
  'src/core/platform/',
  'src/core/events/',
  'src/core/tenancy/',
  'src/core/contacts/',
  'src/core/conversations/',
  'src/core/calls/',
  'src/core/desk/',
  'src/core/knowledge/',
  'src/core/reports/',
  'src/routing/',
  'src/connectors/',
  'src/api/',
  'src/ground.ts',
  'src/backup.ts',
  'src/restore.ts',
  'src/setup.ts',
  'src/demo-phones.ts',
  'src/figures.ts',
  'src/housekeeping.ts',
  'src/serve.ts',
  'src/app.ts',
  'src/move-log.ts',
  'src/main.ts',
] as const

/** Packages that are known in a few places only. */
export const confined: Readonly<Record<string, readonly string[]>> = {
  pg: ['src/core/platform/database.ts', 'src/core/platform/dump.ts', 'src/core/platform/embedded-postgres.ts'],
  'pg-copy-streams': ['src/core/platform/dump.ts'],
  kafkajs: ['src/core/events/kafka-bus.ts', 'src/core/events/kafka-source.ts'],
  'drachtio-srf': ['src/connectors/sip/signalling.ts'],
  'sdp-transform': ['src/connectors/sip/sdp.ts'],
  fastify: ['src/api/', 'src/connectors/runtime/hooks.ts'],
}

/** What kinds of one house have in common: a folder of its own, which is no kind. */
const families: Readonly<Record<string, readonly string[]>> = {
  'src/connectors/wechat/': ['wechat-official', 'wecom-kf'],
}

const MODEL = 'src/core/conversations/model.ts'
const CONTRACT = 'src/connectors/contract.ts'

/** What is wrong with an import in a file of src; undefined when it is allowed. */
export function objection(file: string, imported: Import): string | undefined {
  return imported.path === undefined
    ? packageObjection(file, imported.specifier)
    : (outsideObjection(imported.path) ??
        kindObjection(file, imported.path, imported.typeOnly) ??
        layerObjection(file, imported.path))
}

/** Where a file stands; undefined for one that no layer holds. */
export function layerOf(path: string): number | undefined {
  const index = layers.findIndex((layer) => path === layer || (layer.endsWith('/') && path.startsWith(layer)))
  return index < 0 ? undefined : index
}

function packageObjection(file: string, specifier: string): string | undefined {
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]
  const owners = name?.startsWith('@fastify/') ? confined.fastify : confined[name ?? '']
  if (owners === undefined) return undefined
  const allowed = owners.some((owner) => file === owner || (owner.endsWith('/') && file.startsWith(owner)))
  return allowed ? undefined : `${name} belongs to ${owners.join(', ')}`
}

function outsideObjection(path: string): string | undefined {
  return path.startsWith('src/') ? undefined : 'the program imports nothing from outside src'
}

/** A connector of one kind sees its own folder, the contract and, as types, the model. */
function kindObjection(file: string, path: string, typeOnly: boolean): string | undefined {
  const kind = /^src\/connectors\/(?!runtime\/)[^/]+\//.exec(file)?.[0]
  if (kind === undefined || path.startsWith(kind) || path === CONTRACT) return undefined
  const family = Object.entries(families).find(([folder]) => path.startsWith(folder))?.[1]
  if (family?.some((name) => kind === `src/connectors/${name}/`)) return undefined
  if (path === MODEL) return typeOnly ? undefined : 'a connector takes types of the model, no code'
  return 'a connector knows the contract and the model, nothing else of ours'
}

function layerObjection(file: string, path: string): string | undefined {
  const from = layerOf(file)
  const to = layerOf(path)
  if (from === undefined) return 'the file stands in no layer of the map'
  if (to === undefined) return 'it imports a file that stands in no layer of the map'
  return to <= from ? undefined : `${layers[from]} stands before ${layers[to]}`
}
