/** Whether what a kind says of itself holds together, so that a mistake shows at the start and not at the first message. */
import type { TSchema } from 'typebox'
import { Part } from '../core/events/shapes.ts'
import type { ConnectorKind } from './contract.ts'

const partTypes = new Set(
  Part.anyOf.map((schema: TSchema) => (schema as { properties: { type: { const: string } } }).properties.type.const),
)

/** What is wrong with a declaration, one sentence each; empty when nothing is. Takes anything: a module may export what it likes. */
export function declarationFaults(declared: unknown): string[] {
  if (declared === null || typeof declared !== 'object') return ['it is not an object']
  const kind = declared as Partial<ConnectorKind>
  const faults: string[] = []
  const check = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault)
  }
  check(
    typeof kind.kind === 'string' && /^[a-z][a-z0-9-]{1,38}$/.test(kind.kind),
    'kind is lower case letters, digits, hyphens',
  )
  check(typeof kind.title === 'string' && kind.title !== '', 'title is missing')
  check(typeof kind.exclusive === 'boolean', 'exclusive is missing')
  check(isFunction(kind.open), 'open is missing')
  for (const name of ['hook', 'probe'] as const) {
    check(kind[name] === undefined || isFunction(kind[name]), `${name} is not a function`)
  }
  check(
    kind.accept === undefined || [kind.accept.applies, kind.accept.refuse, kind.accept.open].every(isFunction),
    'accept has applies, refuse and open',
  )
  // Two nodes would each wait for a platform that dials one of them.
  check(kind.accept === undefined || kind.exclusive === true, 'what is dialled is exclusive')
  faults.push(...configFaults(kind.config), ...capabilityFaults(kind.capabilities))
  return faults
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function configFaults(config: unknown): string[] {
  const schema = config as { type?: unknown; properties?: unknown; additionalProperties?: unknown } | null | undefined
  if (schema?.type !== 'object' || schema.properties === null || typeof schema.properties !== 'object') {
    return ['config is not an object schema']
  }
  const faults: string[] = []
  if (schema.additionalProperties !== false) faults.push('config must not allow unknown settings')
  for (const [name, property] of Object.entries(schema.properties)) {
    const items = (property as { items?: object }).items
    const nested = JSON.stringify(
      items === undefined ? { ...property, secret: undefined } : { ...items, secret: undefined },
    )
    if (nested.includes('"secret":true')) faults.push(`the secret within ${name} is not at the top level`)
  }
  return faults
}

function capabilityFaults(capabilities: unknown): string[] {
  if (capabilities === null || typeof capabilities !== 'object') return ['capabilities are missing']
  const can = capabilities as Partial<ConnectorKind['capabilities']>
  const faults: string[] = []
  const parts = Object.keys(can.parts ?? {})
  for (const type of parts) if (!partTypes.has(type)) faults.push(`${type} is not a type of part`)
  if (!parts.includes('text')) faults.push('text is the one part that every channel carries')
  if (can.carries !== 'message' && can.carries !== 'part') faults.push('carries is message or part')
  if (!['always', 'template', 'never'].includes(String(can.initiate)))
    faults.push('initiate is always, template or never')
  if (!['native', 'lookup', 'none'].includes(String(can.idempotency)))
    faults.push('idempotency is native, lookup or none')
  const positive = (value: number | undefined) => value === undefined || (Number.isInteger(value) && value > 0)
  if (!positive(can.text?.maxCharacters) || !positive(can.text?.maxBytes))
    faults.push('text limits are whole and positive')
  if (!positive(can.sendTimeoutMs) || (can.sendTimeoutMs ?? 0) > 120_000)
    faults.push('sendTimeoutMs is at most two minutes')
  for (const pace of can.pace ?? []) {
    if (!positive(pace.max) || !positive(pace.perMs)) faults.push('pace is so many in so many ms')
    if (pace.scope !== 'account' && pace.scope !== 'peer') faults.push('pace is of the account or of a peer')
  }
  if (typeof can.receipts?.delivered !== 'boolean' || typeof can.receipts.read !== 'boolean')
    faults.push('receipts are missing')
  if (!positive(can.recall?.withinMs)) faults.push('recall is within so many ms')
  if (typeof can.typing?.in !== 'boolean' || typeof can.typing.out !== 'boolean') faults.push('typing is missing')
  if (!positive(can.typing?.everyMs)) faults.push('typing is shown every so many ms')
  return faults
}
