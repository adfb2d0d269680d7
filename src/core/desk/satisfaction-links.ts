/** Links by which whoever was asked answers without logging in: they name the request and are signed, so none is guessed. */
import { createHmac } from 'node:crypto'
import { isId } from '../platform/ids.ts'
import { sameBytes, type Vault } from '../platform/secrets.ts'

export interface Named {
  readonly tenantId: string
  readonly id: string
}

/** What follows the hub's address: `/satisfaction/…`. How long it holds stands in the request's row. */
export function satisfactionPath(vault: Vault, { tenantId, id }: Named): string {
  return `/satisfaction/${tenantId.slice(4)}${id.slice(4)}${mac(vault, { tenantId, id })}`
}

/** What a link's last part names; undefined when it is none of ours. */
export function readSatisfactionToken(vault: Vault, token: string): Named | undefined {
  const named = { tenantId: `ten_${token.slice(0, 26)}`, id: `sat_${token.slice(26, 52)}` }
  if (!isId('ten', named.tenantId) || !isId('sat', named.id)) return undefined
  return sameBytes(Buffer.from(token.slice(52)), Buffer.from(mac(vault, named))) ? named : undefined
}

function mac(vault: Vault, { tenantId, id }: Named): string {
  const digest = createHmac('sha256', vault.derive('satisfaction')).update(`${tenantId} ${id}`).digest()
  return digest.subarray(0, 16).toString('base64url')
}
