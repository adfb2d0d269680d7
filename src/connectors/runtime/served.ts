/** A channel as the runtime serves it: whose it is, its kind, its settings in the open. */
import { openChannelSettings, type ServedChannel } from '../../core/conversations/served-channels.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import type { ConnectorKind } from '../contract.ts'
import { secretNames } from '../marked-settings.ts'
import type { Registry } from '../registry.ts'
import { type Redactor, redactorOf } from './redact.ts'

export interface Served {
  readonly tenantId: string
  readonly channelId: string
  readonly kind: ConnectorKind
  /** Secrets included: never logged, never stored. */
  readonly settings: Record<string, unknown>
  /** The tenant's wrapped data key; null while it has none. */
  readonly sealedKey: string | null
  readonly fingerprint: string
  readonly redactor: Redactor
  /** What the account's calls go through; undefined for the open way. */
  readonly proxy?: string
}

/** Undefined, with a line in the log, when this process does not know the kind or cannot read its secrets. */
export function serve(row: ServedChannel, registry: Registry, vault: Vault, log: Logger): Served | undefined {
  const kind = registry.find(row.kind)
  if (kind === undefined) {
    log.warn({ channelId: row.id, kind: row.kind }, 'no connector of this process knows the kind of the channel')
    return undefined
  }
  try {
    const settings = openChannelSettings(vault, row)
    const proxy = proxyIn(kind, settings)
    return {
      tenantId: row.tenantId,
      channelId: row.id,
      kind,
      settings,
      sealedKey: row.sealedKey,
      fingerprint: fingerprintOf(row),
      redactor: redactorOf(secretNames(kind.config).flatMap((name) => strings(settings[name]))),
      ...(proxy !== undefined && { proxy }),
    }
  } catch (err) {
    log.error({ err, channelId: row.id }, 'the secrets of a channel cannot be read')
    return undefined
  }
}

/** Whether the platform dials the account, so that it waits for it instead of opening a way of its own. */
export function isDialled({ kind, settings }: Pick<Served, 'kind' | 'settings'>): boolean {
  return kind.accept?.applies(settings as never) === true
}

/** Another one means that the account has to be opened anew. */
export function fingerprintOf(row: ServedChannel): string {
  return JSON.stringify([row.kind, row.settings, row.secrets])
}

function proxyIn({ config }: ConnectorKind, settings: Record<string, unknown>): string | undefined {
  const name = Object.entries(config.properties).find(([, property]) => 'egressProxy' in property)?.[0]
  const value = name === undefined ? undefined : settings[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function strings(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string')
}
