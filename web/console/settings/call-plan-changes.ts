/** Changes of a plan of calls that reach further than one field. Pure. */
import type { CallMenu, CallPlan, CallTarget } from '../../../src/core/events/call-plan-shapes.ts'

export type Keys = Readonly<Record<string, CallTarget>>
export type TargetKind = CallTarget['to']

/** What can be pressed, in the order of a telephone. */
export const telephoneKeys: readonly string[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '*', '#']

/** A target of that kind, as far as it can be told without asking. */
export function newTarget(to: TargetKind, plan: CallPlan): CallTarget {
  if (to === 'menu') return { to, menu: Object.keys(plan.menus ?? {})[0] ?? '' }
  if (to === 'number') return { to, number: '' }
  return { to } as CallTarget
}

/** The same keys, one of them another: it stands in the place of what was there. */
export function withKey(keys: Keys, before: string, after: string): Keys {
  const { [before]: target, ...others } = keys
  return target === undefined ? keys : { ...others, [after]: target }
}

/** The first that is free; undefined where all are taken. */
export const freeKey = (keys: Keys): string | undefined => telephoneKeys.find((key) => !(key in keys))

/** With one menu more, of a name that is free. `name` makes names of numbers. */
export function addMenu(plan: CallPlan, name: (number: number) => string): CallPlan {
  const menus = plan.menus ?? {}
  const names = Array.from({ length: Object.keys(menus).length + 1 }, (_, index) => name(index + 1))
  const free = names.find((one) => !(one in menus)) ?? name(names.length + 1)
  const menu: CallMenu = { keys: { 1: { to: 'queue' } }, otherwise: { to: 'queue' } }
  return { ...plan, menus: { ...menus, [free]: menu } }
}

/** Under another name, in its place, and whatever led to it leads to it still. A name that is taken or empty changes nothing. */
export function renameMenu(plan: CallPlan, before: string, after: string): CallPlan {
  const { menus = {} } = plan
  if (after === '' || after in menus || !(before in menus)) return plan
  const renamed = mapTargets(plan, (target) =>
    target.to === 'menu' && target.menu === before ? { ...target, menu: after } : target,
  )
  const entries = Object.entries(renamed.menus ?? {}).map(([name, menu]) => [name === before ? after : name, menu])
  return { ...renamed, menus: Object.fromEntries(entries) as Record<string, CallMenu> }
}

function mapTargets(plan: CallPlan, change: (target: CallTarget) => CallTarget): CallPlan {
  const ofKeys = (keys: Keys) => Object.fromEntries(Object.entries(keys).map(([key, one]) => [key, change(one)]))
  return {
    ...plan,
    ...(plan.begin && { begin: change(plan.begin) }),
    ...(plan.closed && { closed: change(plan.closed) }),
    ...(plan.waiting && { waiting: { keys: ofKeys(plan.waiting.keys) } }),
    ...(plan.menus && {
      menus: Object.fromEntries(
        Object.entries(plan.menus).map(([name, menu]) => [
          name,
          { ...menu, keys: ofKeys(menu.keys), otherwise: change(menu.otherwise) },
        ]),
      ),
    }),
  }
}

/** Names of the menus as a caller comes to them, and then of those to which nothing leads, straight or by other menus. */
export function orderOfMenus(plan: CallPlan): { reached: string[]; unreached: string[] } {
  const { menus = {} } = plan
  const reached = new Set<string>()
  const follow = (target: CallTarget | undefined) => {
    if (target?.to !== 'menu' || !(target.menu in menus) || reached.has(target.menu)) return
    reached.add(target.menu)
    const menu = menus[target.menu]
    for (const next of [...Object.values(menu?.keys ?? {}), menu?.otherwise]) follow(next)
  }
  follow(plan.begin)
  follow(plan.closed)
  return { reached: [...reached], unreached: Object.keys(menus).filter((name) => !reached.has(name)) }
}
