/** Every permission there is, what each role may do, and what a key's scopes grant. */
import type { Role } from '../core/events/shapes.ts'

export const permissions = [
  'member:read',
  'member:write',
  'key:write',
  'group:read',
  'group:write',
  'presence:read',
  'presence:write',
  'presence:write-all',
  'channel:read',
  'channel:write',
  'calendar:read',
  'calendar:write',
  'text:read',
  'text:write',
  'contact:read',
  'contact:write',
  'contact:block',
  'contact:define',
  'contact:merge',
  'contact:transfer',
  'contact:erase',
  'conversation:read',
  'conversation:read-all',
  'conversation:reply',
  'conversation:close',
  'conversation:assign',
  'conversation:define',
  'call:dial',
  'call:listen',
  'routing:read',
  'offer:read',
  'offer:decide',
  'ticket:read',
  'ticket:write',
  'ticket:read-all',
  'ticket:admin',
  'event:read',
  'stream:read',
  'cannedreply:write',
  'satisfaction:read',
  'webhook:read',
  'webhook:write',
  'audit:read',
  'operator',
  'metrics:read',
] as const

export type Permission = (typeof permissions)[number]

/**
 * What a route asks of whoever calls it: a permission; `public`, nothing at all; `visitor`, a visitor's token;
 * `anyone`, a member or key with whatever permissions.
 */
export type RoutePermission = Permission | 'public' | 'visitor' | 'anyone'

const agent: readonly Permission[] = [
  'member:read',
  'group:read',
  'presence:read',
  'presence:write',
  'channel:read',
  'calendar:read',
  'text:read',
  'contact:read',
  'contact:write',
  'conversation:read',
  'conversation:reply',
  'conversation:close',
  'call:dial',
  'offer:read',
  'offer:decide',
  'ticket:read',
  'ticket:write',
  'event:read',
  'stream:read',
]

const supervisor: readonly Permission[] = [
  ...agent,
  'presence:write-all',
  'contact:block',
  'contact:merge',
  'conversation:read-all',
  'conversation:assign',
  'call:listen',
  'routing:read',
  'cannedreply:write',
  'satisfaction:read',
  'ticket:read-all',
]

const all: ReadonlySet<Permission> = new Set(permissions)

const byRole: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: all,
  supervisor: new Set(supervisor),
  agent: new Set(agent),
}

export function permissionsOfRole(role: Role): ReadonlySet<Permission> {
  return byRole[role]
}

/** `admin` and `*` stand for everything; a scope that is no longer known grants nothing. */
export function permissionsOfScopes(scopes: readonly string[]): ReadonlySet<Permission> {
  if (scopes.includes('*') || scopes.includes('admin')) return all
  return new Set(permissions.filter((permission) => scopes.includes(permission)))
}

/** Whether a key may be given that scope at all. */
export function isScope(scope: string): boolean {
  return scope === '*' || scope === 'admin' || (permissions as readonly string[]).includes(scope)
}

/** Whether a word may stand in a route's `config.permission`. */
export function isRoutePermission(word: unknown): word is RoutePermission {
  if (word === 'public' || word === 'visitor' || word === 'anyone') return true
  return (permissions as readonly unknown[]).includes(word)
}
