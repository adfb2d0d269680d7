/** A channel's settings in their two halves: plain ones, and secrets sealed one by one for their place. */

import type { Vault } from '../platform/secrets.ts'
import type { NamedFile } from './channel-files.ts'

/** What must be known of a kind of channel to keep its settings; whoever knows the kinds gives it. */
export interface ChannelForm {
  readonly kind: string
  /** Settings as the kind wants them, with its defaults. Faults when they do not fit. */
  checked(settings: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** Settings of the first level that are secret. */
  readonly secretNames: readonly string[]
  /** The files that such settings name. */
  filesOf(settings: Readonly<Record<string, unknown>>): readonly NamedFile[]
}

/** What is shown of a secret. */
export const hidden = '****'

/** Splits settings; each secret is sealed for `channels|<id>|<name>`. */
export function sealSettings(
  vault: Vault,
  tenantKey: string,
  tenantId: string,
  channelId: string,
  form: ChannelForm,
  settings: Readonly<Record<string, unknown>>,
): { plain: Record<string, unknown>; sealed: Record<string, string> } {
  const plain: Record<string, unknown> = {}
  const sealed: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings)) {
    if (!form.secretNames.includes(name)) plain[name] = value
    else sealed[name] = vault.seal(tenantId, tenantKey, place(channelId, name), JSON.stringify(value))
  }
  return { plain, sealed }
}

/** The settings as the connector gets them. Faults with `secret-unreadable`. */
export function unsealSettings(
  vault: Vault,
  tenantKey: string,
  tenantId: string,
  channel: {
    readonly id: string
    readonly settings: Readonly<Record<string, unknown>>
    readonly secrets: Readonly<Record<string, string>>
  },
): Record<string, unknown> {
  const settings: Record<string, unknown> = { ...channel.settings }
  for (const [name, sealed] of Object.entries(channel.secrets)) {
    settings[name] = JSON.parse(vault.unseal(tenantId, tenantKey, place(channel.id, name), sealed))
  }
  return settings
}

function place(channelId: string, name: string): string {
  return `channels|${channelId}|${name}`
}
