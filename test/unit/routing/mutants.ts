/**
 * Plants faults in a copy of the engine and shows that the claims find each of them: `node test/unit/routing/mutants.ts [WORDS]`.
 * Ends with status 1 if a fault was not found, or could not be planted because the code has changed. A few of them, which are
 * found soon, are planted with every run of the tests (mutation.test.ts).
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** [what goes wrong, file, text, what stands there instead] */
export type Mutant = readonly [string, string, string, string]

export const MUTANTS: readonly Mutant[] = [
  ['priority counts the wrong way', 'order.ts', 'item.key -= priority', 'item.key += priority'],
  [
    'a requeued item goes to the back',
    'offers.ts',
    "setPlace(state, item)\n  setItemState(state, item, 'waiting')",
    "item.key = state.at\n  setItemState(state, item, 'waiting')",
  ],
  [
    'capacity is exceeded by one',
    'room.ts',
    'used + weight > agent.capacity ||',
    'used + weight > agent.capacity + 1 ||',
  ],
  ['the last unit is never used', 'room.ts', 'used + weight > agent.capacity ||', 'used + weight >= agent.capacity ||'],
  ['the limit of a medium is forgotten', 'room.ts', '(agent.counts[medium] as number) >= (', '0 > ('],
  ['an offer reserves nothing', 'offers.ts', 'agent.used += units', 'agent.used += item.agent ? units : 0'],
  [
    'a decliner is asked again at once',
    'items.ts',
    "if (offer.item.state === 'offered') exclude",
    "if (offer.item.state !== 'offered') exclude",
  ],
  ['a sole decliner is never asked again', 'exclusions.ts', '!isSomebodyLeft(item)', 'false'],
  ['exclusions never end', 'exclusions.ts', 'exclusion.until > state.at', 'exclusion.until > 0'],
  ['offers stay with whoever left', 'presence.ts', 'takes(agent, item.medium) ? undefined', 'item.group ? undefined'],
  [
    'offers stay on a lost connection',
    'presence.ts',
    "withdrawOffers(state, agent, 'link-down')",
    "agent.link = 'grace'",
  ],
  ['a freed agent is not looked at', 'offers.ts', 'markFreed(state, agent)', 'markStale(state, agent)'],
  ['presence moves the idle clock', 'presence.ts', 'agent.idleSince === undefined || away', 'true'],
  ['ties end the other way round', 'queues.ts', 'secondMeasure(slot), agent.seq)', 'secondMeasure(slot), -agent.seq)'],
  ['tiers are ignored', 'queues.ts', 'slot, slot.tier,', 'slot, 0,'],
  [
    'offers expire a little late',
    'timers.ts',
    'agent: undefined }, due, item.seq)',
    'agent: undefined }, due + 1, item.seq)',
  ],
  ['anybody may accept', 'items.ts', 'offer.agent.id !== event.agentId', 'false'],
  ['the limit lets one too many in', 'overflow.ts', 'others >= maxWaiting', 'others > maxWaiting'],
  [
    'the preferred agent is asked though full',
    'match.ts',
    'one.queue === queue && one.pos >= 0',
    'one.queue === queue',
  ],
  [
    'the preferred agent is forgotten',
    'match.ts',
    'if (preferred && !isExcluded(item, preferred))',
    'if (preferred && !preferred)',
  ],
  [
    'a skill one level short will do',
    'queues.ts',
    '(agent.skills.get(skill) ?? -1) < level',
    '(agent.skills.get(skill) ?? -1) < level - 1',
  ],
  [
    'a lost member keeps the offer',
    'configuration.ts',
    'if (offer && !isLookedFor(state, item, agent))',
    'if (offer && !offer)',
  ],
  [
    'a deleted group keeps its items',
    'configuration.ts',
    'if (fallback) moveTo(state, item, fallback)',
    'if (!fallback) moveTo(state, item, group)',
  ],
  ['commands are not remembered', 'seen.ts', 'state.commands.known.has(commandId)', 'state.commands.known.has("")'],
  ['restore forgets whose turn it was', 'restore.ts', 'agent.turn = record.turn', 'agent.turn = 0'],
  ['restore forgets who is excluded', 'restore.ts', 'item.exclusions = record.exclusions', 'item.exclusions = []'],
  ['the agent’s first choice is not asked', 'match.ts', 'if (!wanted || wanted === item', 'if (wanted || !wanted'],
  ['an agent takes the first queue’s item', 'match.ts', 'const isBetter = !best || (', 'const isBetter = !best || !('],
  ['the heap sifts to any child', 'heap.ts', 'if (isLessAt(heap.keys, child, least)) least = child', 'least = child'],
  [
    'a transfer loses its holder',
    'offers.ts',
    "if (item.state === 'offered') requeue",
    'if (item.offers.length === 0) requeue',
  ],
  [
    'the last unit of a takeover is not given back',
    'handover.ts',
    "release(state, item, 'taken-over')",
    'item.agent = undefined',
  ],
  [
    'several asked at once all keep the offer',
    'offers.ts',
    "withdrawAll(state, item, 'taken')",
    'markStale(state, agent)',
  ],
  ['the first decline of several ends them all', 'offers.ts', 'if (item.offers.length > 0) return\n  if', 'if'],
  ['one more is asked than may be', 'match.ts', 'offersAtOnce - 1)', 'offersAtOnce)'],
  [
    'a widened step forgets those before it',
    'plan.ts',
    "item.steps[first]?.mode !== 'replace'",
    "item.steps[first]?.mode === 'none'",
  ],
  [
    'a replaced step is still asked',
    'advance.ts',
    "if (step.mode === 'replace') removeTickets",
    'if (!step) removeTickets',
  ],
  ['a step does not raise the priority', 'advance.ts', 'setPlace(state, item)\n', ''],
  ['a later step is asked first', 'plan.ts', '[...item.tickets, ticket]', '[ticket, ...item.tickets]'],
  ['the time line runs from the last step', 'plan.ts', 'item.planAt + (next', 'state.at + (next'],
  [
    'parking frees nothing',
    'parking.ts',
    'recharge(state, agent, item, {',
    'recharge(state, agent, item, undefined && {',
  ],
  [
    'what is parked is taken when its holder goes',
    'presence.ts',
    "item.state === 'parked' && reason",
    "item.state === 'pooled' && reason",
  ],
  [
    'waking overloads without bound',
    'parking.ts',
    'agent.used + more <= agent.hardMax',
    'agent.used <= agent.hardMax * 2',
  ],
  ['restore forgets the next step', 'restore.ts', 'item.nextStepAt = record.nextStepAt', 'item.nextStepAt = undefined'],
  ['restore wakes what is parked', 'restore.ts', 'until: record.parked.until }', 'until: undefined }'],
  ['the guard of the strict order never lifts', 'order.ts', '<= state.at ? LIFTED', '<= 0 ? LIFTED'],
  ['strict priority counts as time', 'match.ts', '(item.band - best.band || key', '(key'],
  ['a group counts for another agent', 'match.ts', 'item.key - creditMs', 'item.key'],
  ['a circle of choices is given to the wrong end', 'match.ts', 'passed.includes(wanted)', 'passed.length > 0'],
  [
    'the reserve is given away',
    'queues.ts',
    'candidates.nodes.length <= reserve.agents',
    'candidates.nodes.length < reserve.agents',
  ],
  [
    'a filled reserve frees nobody',
    'match.ts',
    'if (queue.isOrdinary) release(state, queue)',
    'if (!queue) release(state, queue)',
  ],
  ['a raised item stays behind the reserve', 'items.ts', 'else if (!isRightlyQueued(item))', 'else if (!item)'],
  ['the bound of a group is forgotten', 'room.ts', '(agent.each.get(group) ?? 0) < most', 'agent.each.size >= 0'],
  ['a bound is counted for another group', 'offers.ts', 'item.group = group\n', 'item.group = group\n  agents.pop()\n'],
  [
    'what excludes each other is given together',
    'room.ts',
    '(agent.counts[other] as number) > 0',
    '(agent.counts[other] as number) > 1',
  ],
  ['spare work keeps other work away', 'room.ts', 'agent.used - agent.yielding', 'agent.used'],
  ['spare work is given beyond the maximum', 'room.ts', ' || agent.used + weight > agent.hardMax', ''],
  ['a closed medium is given', 'room.ts', '!agent.closed.includes(medium)', 'agent.closed.length < 9'],
  ['a fixed wrap-up may be left', 'items.ts', "settings.wrapUp === 'fixed'", "settings.wrapUp === 'open'"],
  [
    'wrap-up on request is given to all',
    'items.ts',
    "wrapUp === 'on-request' ? item.wrapUpWanted",
    "wrapUp === 'on-request' ? item.agent",
  ],
  ['weights are ignored', 'shares.ts', 'Math.round(WHOLE / weight)', 'Math.round(WHOLE)'],
  ['who comes back is flooded', 'shares.ts', 'agent.shares.set(groupId, least)\n', ''],
  [
    'a tier beyond the step is asked',
    'queues.ts',
    'membership.tier > requires.maxTier',
    'membership.tier > requires.maxTier + 1',
  ],
  [
    'a condition is met by nobody who is asked',
    'expression.ts',
    'return !meets(skills, expression.not)',
    'return meets(skills, expression.not)',
  ],
  ['overflow goes round in a circle', 'overflow.ts', ' && !item.passed.includes(group.id)', ''],
  ['a late item is passed on early', 'patience.ts', 'item.planAt + late.afterMs', 'item.enqueuedAt + late.afterMs'],
  ['the pool counts as waiting', 'overflow.ts', "setItemState(state, item, 'pooled')", "item.state = 'pooled'"],
  ['an agent who takes at once is asked', 'match.ts', 'return agent.acceptMode ?? group', 'return group'],
  [
    'restore forgets what is put off',
    'restore.ts',
    'item.deferredUntil = record.deferredUntil',
    'item.deferredUntil = undefined',
  ],
  ['what is put off is still offered', 'deferral.ts', 'leaveLine(state, item)', 'item.nextStepAt = undefined'],
  ['restore forgets the shares', 'restore.ts', 'agent.shares.set(groupId, share)', 'agent.shares.set(groupId, 0)'],
  [
    'whoever hands on is asked',
    'exclusions.ts',
    'item.consultFor.agent === agent) return true',
    'item.consultFor.agent === agent) return false',
  ],
  ['who was relieved is not looked at', 'match.ts', 'while (state.placed.length', 'if (state.placed.length'],
  [
    'others are asked beside who looks into it',
    'offers.ts',
    "if (other.id !== id) withdraw(state, other, 'taken')",
    'void other',
  ],
  [
    'who looks into it has no more time',
    'offers.ts',
    '  setItemTimer(state, item, expiresAt)\n  touchItem(state, item)\n',
    '  touchItem(state, item)\n',
  ],
  ['what is to be asked is given', 'match.ts', "item.asks ? 'manual' : ", ''],
  ['restore forgets that it is to be asked', 'restore.ts', '  item.asks = record.asks === true\n', ''],
  ['a warm transfer loses its place', 'consult.ts', 'state.at : item.enqueuedAt', 'state.at : state.at'],
  ['what is handed on outlives its item', 'items.ts', "  dropConsult(state, item, 'ended')\n", ''],
  ['what is handed on is forgotten with its holder', 'presence.ts', '    takePlaceOfConsult(state, item)\n', ''],
  ['the newest come last', 'order.ts', '0 - item.enqueuedAt', 'item.enqueuedAt'],
  ['what is handed on stays where it was', 'offers.ts', '  moveTo(state, item, consult.group)\n', ''],
  [
    'a warm transfer leaves its holder full',
    'offers.ts',
    "release(state, consultFor, 'transferred')",
    'consultFor.agent = undefined',
  ],
  ['restore forgets who hands on', 'restore.ts', '    consult.consultFor = item\n', ''],
  [
    'restore forgets who passed it on',
    'restore.ts',
    'item.passed = record.passed ?? NO_GROUPS',
    'item.passed = NO_GROUPS',
  ],
]

const RUNNER = `
import fc from 'fast-check'
import { isAsSpecified, isIdempotent, isOfferedInTime, isRestorable } from './claims.ts'
import { history, LONGEST_REOFFER_MS } from './histories.ts'
const seed = fc.nat(10_000)
const how = { numRuns: 4000, endOnFailure: true, seed: 1 }
fc.assert(fc.property(seed, history, fc.integer({ min: 8, max: 100 }), isRestorable), { ...how, numRuns: 1500 })
fc.assert(fc.property(seed, history, isIdempotent), { ...how, numRuns: 20 })
fc.assert(fc.property(seed, history, isAsSpecified), how)
fc.assert(fc.property(seed, history, (s, h) => isOfferedInTime(s, h, LONGEST_REOFFER_MS)), { ...how, numRuns: 1000 })
`

/** Whether the claims find it, and which; without one, whether they object to the engine as it is. Takes a second to a minute. */
export function isFound(plant: Mutant | undefined): { found: boolean; by: string } {
  const copy = mkdtempSync(join(tmpdir(), 'routing-mutant-'))
  try {
    for (const folder of ['src/routing', 'test/unit/routing'])
      cpSync(join(root, folder), join(copy, folder), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
    writeFileSync(join(copy, 'test/unit/routing/runner.ts'), RUNNER)
    if (plant) {
      const [, file, text, instead] = plant
      const path = join(copy, 'src/routing', file)
      const source = readFileSync(path, 'utf8')
      if (!source.includes(text)) return { found: false, by: 'cannot be planted: the code has changed' }
      writeFileSync(path, source.replace(text, instead))
    }
    const done = spawnSync(process.execPath, ['test/unit/routing/runner.ts'], {
      cwd: copy,
      encoding: 'utf8',
      timeout: 300_000,
    })
    const cause = /(?:Violation|AssertionError[^:]*|TypeError|RangeError)[^:]*: ([^\n{]{0,60})/.exec(done.stderr)?.[1]
    // One that ran out of time was not found.
    return { found: done.status !== 0 && done.signal === null, by: cause ?? done.stderr.slice(0, 200) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function main(): void {
  const wanted = process.argv[2] ?? ''
  let missed = 0
  const sound = isFound(undefined)
  if (sound.found) {
    console.log('the sound engine fails:', sound.by)
    missed++
  }
  for (const mutant of MUTANTS.filter(([name]) => name.includes(wanted))) {
    const begun = performance.now()
    const { found, by } = isFound(mutant)
    if (!found) missed++
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    console.log(found ? 'found ' : 'MISSED', `${seconds} s`, mutant[0], '–', by.trim())
  }
  console.log(JSON.stringify({ name: 'routing-mutants', planted: MUTANTS.length, missed }))
  process.exitCode = missed === 0 ? 0 : 1
}

if (import.meta.main) main()
