/**
 * Where an item looks for people, step by step. A step is one queue; widening keeps the item in the queues of the steps
 * before, so it can wait for one agent and in its group at once, at the same place.
 */

import { groupFor } from './groups.ts'
import type { Step } from './model.ts'
import { requirementClass } from './normalise.ts'
import { isEligible, placeTicket, queueFor, removeTickets } from './queues.ts'
import { isRoutable } from './room.ts'
import {
  type Agent,
  type Group,
  type Item,
  markPlaced,
  type Queue,
  type RequirementClass,
  type State,
} from './state.ts'
import { clearTimer, setItemTimer } from './timers.ts'

/** Whom one step looks for. */
export interface Target {
  readonly group: Group
  readonly requires: RequirementClass
  readonly step: number
}

/** Begins a plan from its first step. */
export function startPlan(state: State, item: Item, steps: readonly Step[]): void {
  item.steps = steps
  item.step = 0
  item.planAt = state.at
  item.nextStepAt = undefined
}

function targetOf(state: State, item: Item, index: number): Target {
  const step = item.steps[index]
  const group = step?.groupId === undefined ? item.group : groupFor(state, step.groupId)
  const isOwn = !step || !(step.requirements || step.agents || step.where || step.maxTier !== undefined)
  const requires = isOwn ? item.requires : requirementClass(state, step.requirements ?? item.requires.all, step)
  return { group, requires, step: index }
}

/** The first of the steps that are in force: the last one that replaced those before it. */
function firstCurrent(item: Item): number {
  let first = item.step
  while (first > 0 && item.steps[first]?.mode !== 'replace') first--
  return first
}

/** Whom the item looks for at present. */
function currentTargets(state: State, item: Item): Target[] {
  if (item.steps.length === 0) return [{ group: item.group, requires: item.requires, step: 0 }]
  const targets: Target[] = []
  for (let index = firstCurrent(item); index <= item.step; index++) targets.push(targetOf(state, item, index))
  return targets
}

/** Whom each step of the item's plan looks for, and whether at present. */
export function targetsOf(state: State, item: Item): (Target & { readonly isCurrent: boolean })[] {
  if (item.steps.length === 0) return currentTargets(state, item).map((target) => ({ ...target, isCurrent: true }))
  const first = firstCurrent(item)
  return item.steps.map((_, step) => ({
    ...targetOf(state, item, step),
    isCurrent: step >= first && step <= item.step,
  }))
}

/** The queues that the item stands in, or would stand in if it waited, earliest step first. */
export function queuesOf(state: State, item: Item): Queue[] {
  return currentTargets(state, item).map(({ group, requires }) => queueFor(state, item, group, requires))
}

/** Whether the item looks for this agent at present, busy or not. */
export function isLookedFor(state: State, item: Item, agent: Agent): boolean {
  return currentTargets(state, item).some(({ group, requires }) => isEligible(agent, group, requires))
}

function addTicket(state: State, item: Item, group: Group, requires: RequirementClass, step: number): void {
  const queue = queueFor(state, item, group, requires)
  if (item.tickets.some((ticket) => ticket.queue === queue)) return
  const ticket = { pos: -1, item, queue, step }
  item.tickets = item.tickets.length === 0 ? [ticket] : [...item.tickets, ticket]
  placeTicket(state, ticket)
}

/** Puts a waiting item into the queues of its present steps. */
export function addTickets(state: State, item: Item): void {
  if (item.steps.length === 0) addTicket(state, item, item.group, item.requires, 0)
  else
    for (const { group, requires, step } of currentTargets(state, item)) addTicket(state, item, group, requires, step)
}

/** Takes a waiting item from the queues in which it stands to those in which it belongs. */
export function requeueTickets(state: State, item: Item): void {
  removeTickets(state, item)
  addTickets(state, item)
  markPlaced(state, item)
}

/** Puts a waiting item into the queue of the step it has just come to. */
export function addStepTicket(state: State, item: Item): void {
  const { group, requires, step } = targetOf(state, item, item.step)
  addTicket(state, item, group, requires, step)
}

/** When the step after the present one begins, said at the moment the present one is entered. */
export function dueOfNextStep(state: State, item: Item): number | undefined {
  const step = item.steps[item.step]
  const next = item.steps[item.step + 1]
  if (!step || !next) return undefined
  const people = peopleOf(state, item)
  if (step.skipIfNobody && people !== 'full') return state.at
  return step.waitMs ? state.at + step.waitMs[people] : item.planAt + (next.afterMs ?? 0)
}

/** How the people of the present step are. Some on duty: whoever could take the item at once does, so they are full. */
function peopleOf(state: State, item: Item): 'full' | 'busy' | 'offline' {
  const { group, requires } = targetOf(state, item, item.step)
  const { slots } = queueFor(state, item, group, requires)
  let people: 'busy' | 'offline' = 'offline'
  for (const { agent } of slots) {
    // Who is removed leaves the queues that are there only after their items, and is in none that is made meanwhile.
    if (agent.removed || agent === item.consultFor?.agent) continue
    if (isRoutable(agent)) return 'full'
    if (agent.presence !== 'offline' && agent.link !== 'down') people = 'busy'
  }
  return people
}

/** Sets or clears the timer of a waiting item's next step. */
export function armNextStep(state: State, item: Item): void {
  if (item.nextStepAt === undefined) clearTimer(state, item.timer)
  else setItemTimer(state, item, item.nextStepAt)
}
