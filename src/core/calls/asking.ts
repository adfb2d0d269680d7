/** What a call is taken through without anybody of ours: menus, forwarding, voicemail, the survey after an agent. Pure. */
import type { CallPrompt, CallTarget } from '../events/call-plan-shapes.ts'
import { finish, letAllGo, nothing, to } from './ending.ts'
import { type CallCommand, type CallRecord, newLeg, type Question, type Step } from './record.ts'

const seconds = { menu: 5, survey: 8, voicemail: 120 }
const tries = { menu: 3, survey: 2 }
/** More questions than this are a circle of menus. */
const mostQuestions = 50

/** Sends the call there, from wherever it is. */
export function go(before: CallRecord, target: CallTarget, at: number): Step {
  const { record: free, commands: letGo } = letAllGo(before, at)
  const answer: CallCommand[] = [...letGo, ...(free.pickedUp ? [] : [{ do: 'answer' } as const])]
  const record: CallRecord = { ...free, pickedUp: true }
  switch (target.to) {
    case 'queue': {
      const groupId = target.groupId === undefined ? {} : { groupId: target.groupId }
      const next: CallRecord = { ...record, ...groupId, state: 'queued', queuedAt: record.queuedAt ?? at }
      return to(next, ...answer, { do: 'wait' })
    }
    case 'menu':
      return ask(record, { kind: 'menu', menu: target.menu, tries: 0 }, at, answer)
    case 'number': {
      const leg = newLeg(
        { id: `number-${record.legs.length + 1}`, memberId: null, extension: '', number: target.number, offerId: null },
        at,
      )
      const forwarding: CallRecord = { ...record, state: 'forwarding', legs: [...record.legs, leg] }
      return to(forwarding, ...answer, { do: 'wait' }, { do: 'ring', leg: leg.id })
    }
    case 'voicemail': {
      const { say, maxSeconds = seconds.voicemail } = record.plan?.voicemail ?? {}
      const segment = record.segments + 1
      return to({ ...record, state: 'voicemail', segments: segment }, ...answer, {
        do: 'leave',
        ...(say !== undefined && { say }),
        maxMs: maxSeconds * 1000,
        segment,
      })
    }
    case 'callback':
      return finish(record, at, 'callback', 'caller', [...answer, { do: 'hang-up' }])
    case 'hang-up':
      if (target.say === undefined)
        return finish(before, at, 'rejected', 'hub', [{ do: 'refuse', detail: 'closed' }, { do: 'hang-up' }], 'closed')
      return put(record, { kind: 'told' }, target.say, 0, answer)
  }
}

/** The caller pressed a key. */
export function pressed(record: CallRecord, key: string, at: number): Step {
  const { state, question, plan } = record
  if (state === 'voicemail') return key === '#' ? leftMessage(record, at) : nothing(record)
  if (state === 'queued' || state === 'offered') {
    const target = record.direction === 'out' ? undefined : plan?.waiting?.keys[key]
    return target === undefined ? nothing(record) : go(record, target, at)
  }
  if (question?.kind === 'menu') {
    const target = plan?.menus?.[question.menu]?.keys[key]
    return target === undefined ? again(record, { ...question, wrong: true }, at) : go(record, target, at)
  }
  if (question?.kind !== 'survey') return nothing(record)
  const score = Number(key)
  const isScore = Number.isInteger(score) && score >= 1 && score <= (plan?.scale ?? 5)
  if (!isScore) return again(record, { ...question, wrong: true }, at)
  const thanks = plan?.survey?.thanks
  const scored: CallRecord = { ...record, score }
  return thanks === undefined ? surveyed(scored, at) : put(scored, { kind: 'told' }, thanks, 0, [])
}

/** The question of that number was not answered in time. */
export function silent(record: CallRecord, number: number, at: number): Step {
  const { question } = record
  if (question === undefined || record.questions !== number) return nothing(record)
  if (question.kind !== 'told') return again(record, { ...question, wrong: false }, at)
  if (record.leftBy !== undefined) return surveyed(record, at)
  return finish(record, at, 'rejected', 'hub', [{ do: 'hang-up' }], 'told')
}

/** The agent has left; the caller is asked for a score, where the plan says so. */
export function survey(before: CallRecord, by: 'agent' | 'hub', at: number): Step | undefined {
  if (before.plan?.survey === undefined || before.direction === 'out') return undefined
  const { record, commands } = letAllGo(before, at)
  return ask({ ...record, leftBy: by }, { kind: 'survey', tries: 0 }, at, commands)
}

/** A number outside did not take the call that was sent there. */
export function forwardFailed(record: CallRecord, outcome: string, at: number): Step {
  if (record.plan?.voicemail !== undefined) return go(record, { to: 'voicemail' }, at)
  return finish(record, at, 'failed', 'hub', [{ do: 'hang-up' }], outcome)
}

export function leftMessage(record: CallRecord, at: number): Step {
  return finish(record, at, record.voicemailAt === undefined ? 'abandoned' : 'voicemail', 'hub', [{ do: 'hang-up' }])
}

function surveyed(record: CallRecord, at: number): Step {
  return finish(record, at, 'completed', record.leftBy ?? 'agent', [{ do: 'hang-up' }])
}

function again(record: CallRecord, question: Extract<Question, { tries: number }>, at: number): Step {
  const asked = question.tries + 1
  if (question.kind === 'survey') {
    if (asked >= (record.plan?.survey?.tries ?? tries.survey)) return surveyed(record, at)
  } else {
    const menu = record.plan?.menus?.[question.menu]
    if (menu === undefined || asked >= (menu.tries ?? tries.menu)) {
      return go(record, menu?.otherwise ?? { to: 'queue' }, at)
    }
  }
  return ask(record, { ...question, tries: asked }, at, [])
}

function ask(
  record: CallRecord,
  question: Extract<Question, { tries: number }>,
  at: number,
  before: readonly CallCommand[],
): Step {
  if ((record.questions ?? 0) >= mostQuestions) {
    return finish(record, at, 'rejected', 'hub', [...before, { do: 'hang-up' }], 'menu')
  }
  const { plan } = record
  if (question.kind === 'survey') {
    const { say, waitSeconds = seconds.survey } = plan?.survey ?? {}
    return put(record, question, say, waitSeconds, before)
  }
  const menu = plan?.menus?.[question.menu]
  // A menu that is not there leads where a call goes without any.
  if (menu === undefined) return go(record, { to: 'queue' }, at)
  const say = question.tries > 0 ? (menu.again ?? menu.say) : menu.say
  return put(record, question, say, menu.waitSeconds ?? seconds.menu, before)
}

function put(
  record: CallRecord,
  question: Question,
  say: CallPrompt | undefined,
  waitSeconds: number,
  before: readonly CallCommand[],
): Step {
  const number = (record.questions ?? 0) + 1
  const state = record.leftBy === undefined ? 'menu' : 'survey'
  return to({ ...record, state, question, questions: number }, ...before, {
    do: 'ask',
    question: number,
    ...(say !== undefined && { say }),
    waitMs: waitSeconds * 1000,
  })
}
