/** The kinds of channel there are: those of the house, one line each, and those that `connectors.extra` names. */
import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { ChannelForm } from '../core/conversations/channel-settings.ts'
import { Fault } from '../core/platform/errors.ts'
import { alipay } from './alipay/index.ts'
import type { ConnectorKind } from './contract.ts'
import { custom } from './custom/index.ts'
import { declarationFaults } from './declaration.ts'
import { email } from './email/index.ts'
import { filesIn, secretNames } from './marked-settings.ts'
import { qqOfficial } from './qq-official/index.ts'
import { qqOnebot } from './qq-onebot/index.ts'
import { sip } from './sip/index.ts'
import { telegram } from './telegram/index.ts'
import { webchat } from './webchat/index.ts'
import { wechatIlink } from './wechat-ilink/index.ts'
import { wechatOfficial } from './wechat-official/index.ts'
import { wechatWechaty } from './wechat-wechaty/index.ts'
import { wecomKf } from './wecom-kf/index.ts'

/** Kinds of the house. A new connector adds its line. */
const ownKinds: readonly ConnectorKind[] = [
  webchat,
  custom,
  telegram,
  email,
  sip,
  wechatOfficial,
  wecomKf,
  wechatIlink,
  wechatWechaty,
  alipay,
  qqOnebot,
  qqOfficial,
] as unknown as readonly ConnectorKind[]

/** The kind whose customers are visitors: principals of our own API. */
export const visitorKind = webchat.kind
/** The kind of telephone channels. */
export const telephoneKind = sip.kind

export interface Registry {
  readonly kinds: readonly ConnectorKind[]
  /** undefined for a kind that this process does not know. */
  find(kind: string): ConnectorKind | undefined
  /** Faults with `channel-kind-unknown`. */
  get(kind: string): ConnectorKind
  /**
   * What core/conversations/channels.ts must know of a kind to keep its settings. Faults with `channel-kind-unknown`; its
   * `checked` with `channel-settings-invalid`, naming each field by a JSON pointer below `/settings`, never a value.
   */
  formOf(kind: string): ChannelForm
}

/**
 * Loads every kind. `extra` holds packages, absolute paths or paths below `directory`, each a module that exports
 * `connector`. Rejects with a Fault `connector-unusable` that says what is wrong with which.
 */
export async function openRegistry(extra: readonly string[] = [], directory = '.'): Promise<Registry> {
  const loaded = await Promise.all(extra.map((specifier) => load(specifier, directory)))
  return registryOf([...ownKinds, ...loaded])
}

/** A registry of just these kinds. Throws a Fault `connector-unusable`. */
export function registryOf(kinds: readonly ConnectorKind[]): Registry {
  const byName = new Map<string, { kind: ConnectorKind; form: ChannelForm }>()
  const ajv = formats.default(new Ajv({ allErrors: true, strict: false, useDefaults: true }))
  // Platforms count in bytes of UTF-8.
  ajv.addKeyword({
    keyword: 'maxBytes',
    type: 'string',
    schemaType: 'number',
    validate: (most: number, text: string) => Buffer.byteLength(text) <= most,
    error: { message: ({ schema }) => `must NOT have more than ${schema} bytes` },
  })
  for (const kind of kinds) {
    const faults = declarationFaults(kind)
    if (faults.length > 0) throw unusable(String(kind?.kind), faults.join('; '))
    if (byName.has(kind.kind)) throw unusable(kind.kind, 'another connector has that name')
    byName.set(kind.kind, { kind, form: formOf(kind, ajv) })
  }
  const entry = (name: string) => {
    const found = byName.get(name)
    if (found === undefined) throw new Fault('invalid', 'channel-kind-unknown', 'There is no such kind of channel.')
    return found
  }
  return {
    kinds: [...kinds],
    find: (name) => byName.get(name)?.kind,
    get: (name) => entry(name).kind,
    formOf: (name) => entry(name).form,
  }
}

function formOf(kind: ConnectorKind, ajv: Ajv): ChannelForm {
  let validate: ValidateFunction
  try {
    validate = ajv.compile(kind.config)
  } catch (cause) {
    throw unusable(kind.kind, 'its config is not a JSON Schema', cause)
  }
  return {
    kind: kind.kind,
    secretNames: secretNames(kind.config),
    filesOf: (settings) => filesIn(kind.config, settings, '/settings'),
    checked(given) {
      const settings = structuredClone(given)
      if (validate(settings)) return settings
      throw new Fault('invalid', 'channel-settings-invalid', 'The settings do not fit this kind of channel.', {
        errors: (validate.errors ?? [])
          // A condition says only what the errors beside it say better.
          .filter(({ keyword }) => keyword !== 'if')
          .slice(0, 20)
          .map(({ instancePath, message, params }) => {
            const { additionalProperty, missingProperty } = params as Record<string, string | undefined>
            const member = additionalProperty ?? missingProperty
            const pointer = `/settings${instancePath}${member === undefined ? '' : `/${member}`}`
            return { pointer, detail: message ?? 'is not allowed' }
          }),
      })
    },
  }
}

async function load(specifier: string, directory: string): Promise<ConnectorKind> {
  const isPath = specifier.startsWith('.') || isAbsolute(specifier)
  let module: { connector?: unknown }
  try {
    module = await import(isPath ? pathToFileURL(resolve(directory, specifier)).href : specifier)
  } catch (cause) {
    throw unusable(specifier, 'it cannot be loaded', cause)
  }
  if (module.connector === null || typeof module.connector !== 'object') {
    throw unusable(specifier, 'it exports no `connector`')
  }
  return module.connector as ConnectorKind
}

function unusable(name: string, why: string, cause?: unknown): Fault {
  return new Fault('invalid', 'connector-unusable', `The connector ${name} cannot be used: ${why}.`, { cause })
}
