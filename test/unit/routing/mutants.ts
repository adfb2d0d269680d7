/**
 * Plants faults in a copy of the engine and shows that the claims find each of them: `node test/unit/routing/mutants.ts`.
 * Ends with status 1 if a fault was not found, or could not be planted because the code has changed.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** [what goes wrong, file, text, what stands there instead] */
const MUTANTS: readonly (readonly [string, string, string, string])[] = [
  ['priority counts the wrong way', 'state.ts', 'item.enqueuedAt - credit', 'item.enqueuedAt + credit'],
  ['a requeued item goes to the back', 'offers.ts', 'item.key = orderKey(item)', 'item.key = state.at'],
  [
    'capacity is exceeded by one',
    'state.ts',
    'agent.used + weight <= agent.capacity',
    'agent.used + weight <= agent.capacity + 1',
  ],
  [
    'the last unit is never used',
    'state.ts',
    'agent.used + weight <= agent.capacity',
    'agent.used + weight < agent.capacity',
  ],
  ['the limit of a medium is forgotten', 'state.ts', '(agent.counts[medium] as number) <', '0 <'],
  [
    'an offer reserves nothing',
    'offers.ts',
    'agent.used += sign * item.weight',
    'agent.used += sign * (item.agent ? item.weight : 0)',
  ],
  [
    'a decliner is asked again at once',
    'items.ts',
    "if (offer.item.state === 'offered') exclude",
    "if (offer.item.state !== 'offered') exclude",
  ],
  ['a sole decliner is never asked again', 'exclusions.ts', '!isSomebodyLeft(item)', 'false'],
  ['exclusions never end', 'exclusions.ts', 'exclusion.until > state.at', 'exclusion.until > 0'],
  [
    'offers stay with whoever left',
    'presence.ts',
    'if (!isRoutable(agent)) withdrawOffers',
    'if (agent.removed) withdrawOffers',
  ],
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
  ['the limit lets one too many in', 'items.ts', 'group.queued < maxWaiting', 'group.queued <= maxWaiting'],
  [
    'the preferred agent is asked though full',
    'match.ts',
    'if (slot && slot.pos >= 0) return slot',
    'if (slot) return slot',
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
  ['a deleted group keeps its items', 'configuration.ts', 'if (fallback) moveTo', 'if (!fallback) moveTo'],
  ['commands are not remembered', 'seen.ts', 'state.commands.known.has(commandId)', 'state.commands.known.has("")'],
  ['restore forgets whose turn it was', 'restore.ts', 'agent.turn = record.turn', 'agent.turn = 0'],
  ['restore forgets who is excluded', 'restore.ts', 'exclusions: record.exclusions', 'exclusions: []'],
  ['the agent’s first choice is not asked', 'match.ts', 'if (!wanted || wanted === item)', 'if (wanted || !wanted)'],
  ['an agent takes the first queue’s item', 'match.ts', 'if (!best || item.key < best.key ||', 'if (!best ||'],
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
  ['a step does not raise the priority', 'advance.ts', 'item.key = orderKey(item)\n', ''],
  ['a later step is asked first', 'plan.ts', '[...item.tickets, ticket]', '[ticket, ...item.tickets]'],
  ['the time line runs from the last step', 'plan.ts', 'item.planAt + (next', 'state.at + (next'],
  [
    'parking frees nothing',
    'parking.ts',
    'recharge(state, agent, item, {',
    'recharge(state, agent, item, undefined && {',
  ],
  [
    'waking overloads without bound',
    'parking.ts',
    'agent.used + more <= agent.hardMax',
    'agent.used <= agent.hardMax * 2',
  ],
  ['restore forgets the next step', 'restore.ts', 'nextStepAt: record.nextStepAt', 'nextStepAt: undefined'],
  ['restore wakes what is parked', 'restore.ts', 'until: record.parked.until }', 'until: undefined }'],
]

const RUNNER = `
import fc from 'fast-check'
import { isAsSpecified, isIdempotent, isOfferedInTime, isRestorable } from './claims.ts'
import { history, LONGEST_REOFFER_MS } from './histories.ts'
const seed = fc.nat(10_000)
const how = { numRuns: 1000, endOnFailure: true, seed: 1 }
fc.assert(fc.property(seed, history, isAsSpecified), how)
fc.assert(fc.property(seed, history, fc.integer({ min: 8, max: 100 }), isRestorable), { ...how, numRuns: 200 })
fc.assert(fc.property(seed, history, isIdempotent), { ...how, numRuns: 20 })
fc.assert(fc.property(seed, history, (s, h) => isOfferedInTime(s, h, LONGEST_REOFFER_MS)), { ...how, numRuns: 1000 })
`

function isFound(plant: readonly [string, string, string, string] | undefined): { found: boolean; by: string } {
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
      timeout: 120_000,
    })
    const cause = /(?:Violation|AssertionError[^:]*|TypeError|RangeError)[^:]*: ([^\n{]{0,60})/.exec(done.stderr)?.[1]
    return { found: done.status !== 0, by: cause ?? done.stderr.slice(0, 200) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const wanted = process.argv[2] ?? ''
let missed = 0
const sound = isFound(undefined)
if (sound.found) {
  console.log('the sound engine fails:', sound.by)
  missed++
}
for (const mutant of MUTANTS.filter(([name]) => name.includes(wanted))) {
  const { found, by } = isFound(mutant)
  if (!found) missed++
  console.log(found ? 'found ' : 'MISSED', mutant[0], '–', by.trim())
}
console.log(JSON.stringify({ name: 'routing-mutants', planted: MUTANTS.length, missed }))
process.exitCode = missed === 0 ? 0 : 1
