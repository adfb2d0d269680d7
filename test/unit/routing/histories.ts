/**
 * Random histories of a small contact centre. A history is a list of plain numbers, so that fast-check can shrink it; what a
 * number means is decided against the present state, so that most commands hit something. Biased to events in the same
 * millisecond, full agents, overlapping groups, declines and changes of configuration.
 */
import fc from 'fast-check'
import { nextDue } from '../../../src/routing/engine.ts'
import type {
  AgentConfig,
  EngineEvent,
  Expression,
  GroupConfig,
  Medium,
  Order,
  Overflow,
  Step as PlanStep,
  Strategy,
} from '../../../src/routing/model.ts'
import type { Follower } from './follow.ts'
import { MAX_PRIORITY } from './judge.ts'

export interface Step {
  readonly kind: number
  readonly a: number
  readonly b: number
  readonly c: number
  /** Milliseconds since the step before; mostly 0. */
  readonly wait: number
}

const small = fc.nat(1000)

export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.nat(99),
  a: small,
  b: small,
  c: small,
  wait: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1000, max: 20_000 }) },
  ),
})

/** The longest re-offer delay that histories configure. */
export const LONGEST_REOFFER_MS = 600

export const history = fc.array(step, { minLength: 1, maxLength: 90, size: 'max' })

const STRATEGIES: readonly Strategy[] = [
  'longest-idle',
  'least-loaded',
  'least-loaded-count',
  'round-robin',
  'best-skill',
  'weighted',
  'priority-list',
  'random',
]
const MEDIA: readonly Medium[] = ['chat', 'call', 'ticket']
const SKILLS = ['en', 'billing', 'vip']

function pick<T>(list: readonly T[], n: number): T {
  return list[n % list.length] as T
}

function expressionOf(n: number): Expression {
  const [one, other] = [
    { skill: pick(SKILLS, n), level: 1 + (n % 2) },
    { skill: pick(SKILLS, n + 1), ...(n % 5 === 0 ? { atMost: 2 } : {}) },
  ]
  return pick<Expression>([{ any: [one, other] }, { all: [one, { not: other }] }, { not: { any: [one, other] } }], n)
}

function overflowOf(n: number): Overflow {
  return pick<Overflow>(
    [{ to: 'group', groupId: `g${(n >> 2) % 4}` }, { to: 'pool' }, { to: 'end', action: 'close' }],
    n,
  )
}

/** Two to four steps of all kinds. */
export function stepsOf(a: number, b: number): PlanStep[] {
  return Array.from({ length: 2 + (a % 3) }, (_, i) => {
    const n = a + b * (i + 1)
    return {
      afterMs: i * (100 + (b % 5) * 100),
      mode: n % 3 === 0 ? 'replace' : 'widen',
      ...(n % 4 === 1 ? { groupId: `g${n % 5}` } : {}),
      ...(n % 5 === 2 ? { agents: [`a${n % 6}`, `a${b % 6}`] } : {}),
      ...(n % 3 === 1 ? { requirements: n % 2 === 0 ? [] : [{ skill: pick(SKILLS, n), level: 1 }] } : {}),
      ...(n % 8 === 5 ? { where: expressionOf(n + b) } : {}),
      ...(n % 8 === 6 ? { maxTier: n % 2 } : {}),
      priority: n % 7 === 0 ? 1 : 0,
      skipIfNobody: n % 4 === 3,
      ...(n % 6 === 4 ? { waitMs: { full: 300, busy: 100, offline: 0 } } : {}),
      ...(i > 0 && n % 9 === 8 ? { expire: 'message' } : {}),
    }
  })
}

function overflowRules(a: number, b: number): NonNullable<GroupConfig['overflow']> {
  return {
    ...(b % 3 === 0 ? { nobody: overflowOf(a) } : {}),
    ...(b % 2 === 0 ? { full: overflowOf(a + b) } : {}),
    ...(a % 2 === 0 ? { slow: { estimateMs: (b % 5) * 200, handler: overflowOf(b) } } : {}),
    ...(b % 3 === 1 ? { late: { afterMs: 100 + (a % 9) * 100, handler: overflowOf(a + 2 * b) } } : {}),
  }
}

export function groupConfig(n: number, a: number, b: number): GroupConfig {
  return {
    id: `g${n % 4}`,
    strategy: pick(STRATEGIES, a),
    acceptMode: b % 3 === 0 ? 'auto' : 'manual',
    offerTimeoutMs: 500 + (a % 30) * 100,
    order: pick<Order>(
      [
        { by: 'fifo' },
        { by: 'aged', creditMs: pick([0, 100, 1000], a) },
        { by: 'deadline', targetMs: 50 * a, creditMs: 100 },
        { by: pick(['strict', 'strict', 'lifo'], a), guardMs: 200 + (a % 7) * 300 },
      ],
      b,
    ),
    declineCooldownMs: pick([0, 400, 4000], b),
    reofferDelayMs: pick([100, 150, 600], a),
    maxMissed: pick([0, 1, 2, 5], a),
    wrapUpMs: pick([0, 0, 250], b),
    wrapUp: pick(['timed', 'timed', 'fixed', 'open', 'on-request'], a + b),
    ...(a % 4 === 0 ? { maxWaiting: b % 4 } : {}),
    ...(a % 5 === 1 ? { reserve: { agents: 1 + (b % 2), priority: 1 } } : {}),
    ...(b % 6 === 2 ? { maxEach: 1 + (a % 2) } : {}),
    ...(a % 9 === 4 ? { notDuring: [pick(MEDIA, b)] } : {}),
    ...(b % 7 === 3 ? { interruptible: true } : {}),
    ...(a % 2 === 1 ? { overflow: overflowRules(a, b) } : {}),
    offersAtOnce: pick([1, 1, 2, 3], a + b),
    ...(a % 3 === 0 ? { steps: stepsOf(a, b) } : {}),
    parkedWeight: b % 2,
    onWakeFull: a % 2 === 0 ? 'keep' : 'requeue',
    onLinkLost: b % 5 === 0 ? 'keep' : 'requeue',
    onOffline: a % 2 === 0 ? 'keep' : 'requeue',
  }
}

export function agentConfig(n: number, a: number, b: number): AgentConfig {
  const memberships = [0, 1, 2, 3].filter((g) => (a >> g) % 2 === 1)
  return {
    id: `a${n % 6}`,
    capacity: 1 + (b % 4),
    ...(a % 2 === 0 ? { hardMax: 1 + (b % 4) + (a % 3) } : {}),
    ...(b % 3 === 0 ? { limits: { call: 1, chat: 1 + (a % 3) } } : {}),
    memberships: memberships.map((g) => ({
      groupId: `g${g}`,
      tier: (a + g) % 2,
      level: b % 3,
      weight: 1 + ((a + b + g) % 3),
      ...(b % 3 === 1 ? { creditMs: 700 * (g % 3) } : {}),
      ...(a % 6 === 5 ? { maxItems: 1 + (g % 2) } : {}),
    })),
    ...(b % 7 === 4 ? { acceptMode: pick(['auto', 'manual'], a) } : {}),
    skills: SKILLS.filter((_, s) => (b >> s) % 2 === 1).map((skill, s) => ({ skill, level: 1 + ((a + s) % 3) })),
  }
}

/** The centre as it opens: three groups, four agents, most of them online. */
export function opening(seed: number): EngineEvent[] {
  const events: EngineEvent[] = []
  for (let g = 0; g < 3; g++)
    events.push({ type: 'config.group', at: 100_000, group: groupConfig(g, seed + g, (seed >> 3) + g) })
  for (let n = 0; n < 4; n++) {
    events.push({
      type: 'config.agent',
      at: 100_000,
      agent: agentConfig(n, 1 + ((seed + n * 5) % 15), (seed >> 2) + n),
    })
    events.push({
      type: 'agent.presence',
      at: 100_000 + n,
      agentId: `a${n}`,
      state: seed % 7 === n ? 'away' : 'online',
    })
  }
  return events
}

const ITEM_EVENTS: readonly string[] = [
  'item.cancel',
  'item.end',
  'item.wrapDone',
  'item.wrapUp',
  'item.update',
  'item.pull',
  'item.assign',
  'item.transfer',
  'item.transfer',
  'item.transfer',
  'item.transfer',
  'item.recall',
  'item.park',
  'item.park',
  'item.wake',
  'item.wake',
  'item.defer',
]

const WANTED: { readonly [type: string]: string } = {
  'item.pull': 'waiting',
  'item.end': 'active',
  'item.transfer': 'active',
  'item.park': 'active',
  'item.wrapUp': 'active',
  'item.wake': 'parked',
  'item.defer': 'waiting',
}

function itemEvent(type: string, at: number, { a, b, c }: Step, follower: Follower): EngineEvent {
  const items = [...follower.items.values()]
  const wanted = type === 'item.wake' && c % 3 === 0 ? 'deferred' : WANTED[type]
  const fitting =
    type === 'item.recall'
      ? items.filter(
          ({ id, state, offers }) =>
            items.some(({ consultFor }) => consultFor === id) || (state === 'active' && offers.length > 0),
        )
      : wanted
        ? items.filter(({ state }) => state === wanted)
        : items
  const found = fitting.length > 0 ? pick(fitting, a) : undefined
  const itemId = found?.id ?? `i${a % 60}`
  const agentId = `a${b % 6}`
  switch (type) {
    case 'item.end':
    case 'item.wrapDone':
    case 'item.recall':
    case 'item.wrapUp':
      return { type, at, itemId, ...(b % 3 === 0 ? { agentId: found?.agentId ?? agentId } : {}) }
    case 'item.update': {
      const priority = c % 2 === 0 ? { priority: (b % (2 * MAX_PRIORITY + 1)) - MAX_PRIORITY } : {}
      return {
        type,
        at,
        itemId,
        ...priority,
        ...(c % 3 === 0 ? { groupId: `g${b % 4}` } : {}),
        ...(c % 7 === 0 ? { rev: c } : {}),
        ...(c % 5 === 0 ? { requirements: [{ skill: pick(SKILLS, b), level: 1 }] } : {}),
      }
    }
    case 'item.park':
    case 'item.defer':
      return { type, at, itemId, ...(c % 2 === 0 ? { forMs: b } : {}) }
    case 'item.wake':
      return { type, at, itemId }
    case 'item.pull':
      return { type, at, itemId, agentId }
    case 'item.assign':
      return { type, at, itemId, agentId, override: c % 2 === 0 }
    case 'item.transfer': {
      const to = c % 4 === 1 ? { agentId } : { groupId: `g${b % 4}` }
      return { type, at, itemId, to, keepPlace: b % 2 !== 0, warm: c % 4 > 1, asks: a % 3 === 0 }
    }
    default:
      return { type: 'item.cancel', at, itemId }
  }
}

function enqueue(at: number, { a, b, c }: Step, serial: number): EngineEvent {
  const needs = SKILLS.filter((_, s) => b % 4 === 0 && (c >> s) % 2 === 1).map((skill) => ({
    skill,
    level: 1 + (a % 2),
  }))
  return {
    type: 'item.enqueue',
    at,
    itemId: c % 20 === 0 ? `i${a % 60}` : `i${serial}`,
    groupId: `g${a % (b % 10 === 0 ? 4 : 3)}`,
    medium: pick(MEDIA, c),
    weight: 1 + Number(c % 5 === 0) + Number(c % 11 === 0),
    priority: b % 3 === 0 ? (a % (2 * MAX_PRIORITY + 1)) - MAX_PRIORITY : 0,
    ...(c % 6 === 0 ? { enqueuedAt: at - (b % 2000) } : {}),
    ...(a % 4 === 0 ? { preferredAgentId: `a${b % 6}` } : {}),
    ...(a % 8 === 1 ? { steps: stepsOf(b, c) } : {}),
    ...(needs.length > 0 ? { requirements: needs } : {}),
    ...(b % 13 === 0 ? { excluded: [`a${c % 6}`, `a${a % 6}`] } : {}),
  }
}

/** What a step means at this moment. */
export function eventOf(one: Step, at: number, serial: number, follower: Follower): EngineEvent {
  const { kind, a, b, c } = one
  const offers = [...follower.items.values()].filter((item) => item.offers.length > 0)
  if (kind < 30) return enqueue(at, one, serial)
  if (kind < 52 && offers.length > 0) {
    const open = pick(offers, a).offers
    const offer = open[b % open.length]
    const agentId = c % 12 === 0 ? `a${b % 6}` : (offer?.agentId ?? '')
    const answer = { at, offerId: offer?.id ?? '', agentId }
    if (kind < 34) return { type: 'item.consider', ...answer, forMs: c * 20 }
    return { type: kind < 46 ? 'item.accept' : 'item.decline', ...answer }
  }
  if (kind < 58) return itemEvent('item.end', at, one, follower)
  if (kind < 75) return itemEvent(pick(ITEM_EVENTS, b + c), at, one, follower)
  const agentId = `a${a % 6}`
  if (kind < 84)
    return {
      type: 'agent.presence',
      at,
      agentId,
      state: pick(['online', 'online', 'online', 'busy', 'away', 'offline'], b),
      ...(c % 6 === 5 ? { closed: [pick(MEDIA, a)] } : {}),
    }
  if (kind < 90)
    return { type: 'agent.link', at, agentId, link: b % 2 === 0 ? 'up' : 'down', graceMs: pick([0, 300, 3000], c) }
  if (kind < 94) return { type: 'config.agent', at, agent: agentConfig(a, b, c) }
  if (kind < 95) return { type: 'config.agent-removed', at, agentId }
  if (kind < 98) return { type: 'config.group', at, group: groupConfig(a, b, c) }
  if (kind < 99) return { type: 'config.group-removed', at, groupId: `g${a % 4}`, fallbackGroupId: `g${b % 5}` }
  return { type: 'tick', at }
}

/**
 * Lets a history happen. Every command carries an id. Timers fire when they are due, unless the step says that the tick comes
 * late; `watch` sees each event before it is applied.
 */
export function run(
  follower: Follower,
  seed: number,
  steps: readonly Step[],
  watch?: (event: EngineEvent) => void,
): void {
  let at = 100_000
  let serial = 0
  const tell = (event: EngineEvent) => {
    watch?.(event)
    follower.apply(event)
  }
  for (const event of opening(seed)) tell(event)
  for (const one of steps) {
    const until = at + one.wait
    for (let due = nextDue(follower.state); due !== undefined && due <= until; due = nextDue(follower.state)) {
      at = one.c % 8 === 0 ? until : Math.max(at, due)
      tell({ type: 'tick', at })
    }
    at = until
    serial++
    tell({ ...eventOf(one, one.b % 17 === 0 ? at - 70 : at, serial, follower), commandId: `c${serial}` })
  }
}
