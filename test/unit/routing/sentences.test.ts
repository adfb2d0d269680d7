/** What people read of routing's decisions, in each language. */
import { describe, expect, test } from 'vitest'
import type { EntryRecord } from '../../../src/routing/entry.ts'
import type { ItemView, Obstacle } from '../../../src/routing/explain.ts'
import {
  endSentence,
  entrySentence,
  passedSentence,
  passSentence,
  reasonOf,
  sentenceOf,
  standingSentence,
  unreachedSentence,
  unservedSentence,
} from '../../../src/routing/sentences.ts'

const at = Date.UTC(2026, 10, 28, 4)
const time = '2026-11-28T04:00:00.000Z'

const obstacles: readonly (readonly [Obstacle, en: string, zhCn: string, zhTw: string])[] = [
  [
    { code: 'away', since: at, reason: '午餐' },
    `Is away since ${time} (午餐).`,
    `自 ${time} 起离开（午餐）。`,
    `自 ${time} 起離開（午餐）。`,
  ],
  [
    { code: 'away', since: at, reason: 'not-responding' },
    `Is away since ${time} (left too many offers unanswered).`,
    `自 ${time} 起离开（多次未应答）。`,
    `自 ${time} 起離開（多次未應答）。`,
  ],
  [{ code: 'disconnected', since: at }, 'Has lost the connection.', '连接已断开。', '連線已中斷。'],
  [
    { code: 'later', step: 2, at, short: [{ code: 'unskilled', lacks: [{ skill: 'lang.en', level: 4, has: 2 }] }] },
    `Is looked for by step 3, from ${time}; until then: lacks lang.en 4 (has 2).`,
    `要到第 3 步才轮到（${time} 起），此前：技能 lang.en 需要 4 级（现有 2 级）。`,
    `要到第 3 步才輪到（${time} 起），此前：技能 lang.en 需要 4 級（現有 2 級）。`,
  ],
  [
    { code: 'later', step: 1, short: [{ code: 'tier', tier: 2, most: 1 }] },
    'Is looked for by step 2; until then: is of tier 2, where tier 1 and those before it are asked.',
    '要到第 2 步才轮到，此前：属于第 2 梯队，而只询问到第 1 梯队。',
    '要到第 2 步才輪到，此前：屬於第 2 梯隊，而只詢問到第 1 梯隊。',
  ],
  [
    { code: 'unskilled', lacks: [{ skill: 'lang.en', level: 4, has: 2 }] },
    'Lacks lang.en 4 (has 2).',
    '技能 lang.en 需要 4 级（现有 2 级）。',
    '技能 lang.en 需要 4 級（現有 2 級）。',
  ],
  [
    {
      code: 'unmet',
      where: {
        all: [
          { skill: '退款', level: 2 },
          { any: [{ skill: 'vip' }, { not: { skill: 'trainee', level: 1, atMost: 3 } }] },
        ],
      },
    },
    'Does not meet 退款 ≥ 2 and (vip ≥ 1 or not trainee 1–3).',
    '不符合技能条件 退款 ≥ 2 且 (vip ≥ 1 或 非 trainee 1–3)。',
    '不符合技能條件 退款 ≥ 2 且 (vip ≥ 1 或 非 trainee 1–3)。',
  ],
  [
    { code: 'tier', tier: 3, most: 1 },
    'Is of tier 3, where tier 1 and those before it are asked.',
    '属于第 3 梯队，而只询问到第 1 梯队。',
    '屬於第 3 梯隊，而只詢問到第 1 梯隊。',
  ],
  [
    { code: 'not-asked-for' },
    'Is not among those whom the plan looks for.',
    '不在路由计划寻找的人员之中。',
    '不在路由計畫尋找的人員之中。',
  ],
  [
    { code: 'full', used: 4, capacity: 5, weight: 2 },
    'Has 4 of 5 units in use, and it takes 2.',
    '已用 4/5 个接待单位，而这次需要 2 个。',
    '已用 4/5 個接待單位，而這次需要 2 個。',
  ],
  [
    { code: 'medium-full', medium: 'chat', count: 3, limit: 3 },
    'Has 3 of at most 3 in the medium chat.',
    '会话已有 3 个，上限 3 个。',
    '對話已有 3 個，上限 3 個。',
  ],
  [
    { code: 'medium-closed', medium: 'call', reason: '培训' },
    'Takes nothing in the medium call at present (培训).',
    '目前不接通话（培训）。',
    '目前不接通話（培训）。',
  ],
  [
    { code: 'group-full', count: 2, limit: 2 },
    'Has 2 of at most 2 of this group.',
    '本技能组已有 2 个，上限 2 个。',
    '本技能組已有 2 個，上限 2 個。',
  ],
  [
    { code: 'not-during', medium: 'call' },
    'Has something in the medium call in hand, beside which it is not given.',
    '手上有通话，本技能组规定此时不再分配。',
    '手上有通話，本技能組規定此時不再分配。',
  ],
  [
    { code: 'reserved', priority: 2 },
    'Is kept free for priority 2 and more.',
    '为优先级 2 及以上的会话预留。',
    '為優先級 2 及以上的對話預留。',
  ],
  [
    { code: 'excluded', until: at },
    `Declined it, missed it or handed it on, and is asked again at ${time} at the latest.`,
    `曾拒绝、错过或转出，最迟 ${time} 会再次询问。`,
    `曾拒絕、錯過或轉出，最遲 ${time} 會再次詢問。`,
  ],
]

describe('why not', () => {
  test.each(obstacles)('$code is said in each language', (obstacle, ...sentences) => {
    const view = { agentId: 'a', role: 'hindered', obstacles: [obstacle] } as const
    expect((['en', 'zh-CN', 'zh-TW'] as const).map((language) => sentenceOf(view, language))).toEqual(sentences)
  })

  test('several obstacles are one sentence', () => {
    const both = [
      { code: 'busy', since: at },
      { code: 'full', used: 1, capacity: 1, weight: 1 },
    ] as const
    const view = { agentId: 'a', role: 'hindered', obstacles: both } as const
    expect(sentenceOf(view, 'en')).toBe(`Is busy since ${time}; has 1 of 1 units in use, and it takes 1.`)
    expect(sentenceOf(view, 'zh-CN')).toBe(`自 ${time} 起示忙；已用 1/1 个接待单位，而这次需要 1 个。`)
  })

  test('in the pool nobody is asked, and whoever could may take it', () => {
    const view = { agentId: 'a', role: 'free', obstacles: [] } as const
    expect([sentenceOf(view, 'en'), sentenceOf(view, 'en', true)]).toEqual([
      'Could take it now.',
      'May take it by hand; nobody is asked.',
    ])
  })
})

test('how it stands, and that a group could not serve it', () => {
  const view = { state: 'waiting', ahead: 2, waiting: 5, step: 0, nextStepAt: at } as ItemView
  expect(standingSentence(view, 'en')).toBe(
    `Waits as number 3 of 5 in its group. Step 2 of the plan looks for others from ${time} on.`,
  )
  expect(standingSentence({ ...view, state: 'pooled' }, 'zh-CN')).toBe('在未接入池中，等待有人接入、指派或转移。')
  expect(standingSentence({ ...view, state: 'deferred', deferredUntil: at }, 'en')).toBe(
    `Is put off until ${time}; nobody is asked meanwhile, and it keeps its place.`,
  )
  expect(standingSentence({ ...view, state: 'offered', keptBy: 'ann' }, 'en')).toMatch(
    /^Is handed on, and stays with its holder until somebody takes it\. /,
  )
  const pass = { at, groupId: 'g', cause: 'late', to: 'pool' } as const
  expect(passSentence(pass, 'en')).toBe('It had waited in the group for as long as that allows: put into the pool.')
  expect(passSentence(pass, 'zh-TW')).toBe('在技能組內等待逾時：放入未接入池。')
})

test('why this one: by what, among how many, by which step, or by whose hand', () => {
  const why = { strategy: 'longest-idle', step: 1, eligible: 3 }
  expect(reasonOf(why, 'en')).toBe('Of 3 who could take it: idle for the longest time, by step 2 of the plan.')
  expect(reasonOf(why, 'zh-CN')).toBe('3 位可接待者之中：空闲时间最长，由路由计划第 2 步找到。')
  expect(reasonOf({ ...why, eligible: 1, step: 0 }, 'en')).toBe('The only one who could take it.')
  expect(reasonOf({ strategy: 'direct', eligible: 1, cause: 'manual' }, 'en')).toBe('Handed over to them.')
  expect(reasonOf({ cause: 'pulled' }, 'zh-TW')).toBe('本人從佇列中接入。')
  expect([reasonOf(null, 'en'), reasonOf({ strategy: 'unheard-of' }, 'en')]).toEqual([null, null])
})

test('why this one before the next: by tier, by the measure, or by what stands behind it where that was the same', () => {
  const of = (strategy: string, winner: number[], tuple: number[]) =>
    reasonOf({ strategy, step: 0, eligible: 2, winner, runnerUp: { agentId: 'bob', tuple } }, 'en')
  expect(of('longest-idle', [1, 0, 900, 1], [2, 0, 100, 2])).toBe(
    'Of 2 who could take it: of tier 1, which comes before the next one’s.',
  )
  expect(of('longest-idle', [1, 0, 100, 2], [1, 0, 900, 1])).toBe('Of 2 who could take it: idle for the longest time.')
  expect(of('longest-idle', [1, 1, 3, 2], [1, 1, 7, 1])).toBe('Of 2 who could take it: given work longest ago.')
  expect(of('least-loaded', [1, 0.2, 900, 1], [1, 0.4, 100, 2])).toBe(
    'Of 2 who could take it: the smallest share of the capacity in use.',
  )
  expect(of('least-loaded', [1, 0.2, 100, 2], [1, 0.2, 900, 1])).toBe(
    'Of 2 who could take it: the smallest share of the capacity in use, like the next, and the longest time since something of theirs ended.',
  )
  expect(of('best-skill', [1, -4, 3, 2], [1, -4, 7, 1])).toBe(
    'Of 2 who could take it: the highest level in what it needs, like the next, and given work longest ago.',
  )
  expect(reasonOf({ strategy: 'longest-idle', step: 0, eligible: 2, beside: 1 }, 'en')).toBe(
    'Asked at the same time as whoever comes first.',
  )
  expect(reasonOf({ strategy: 'preferred', step: 0, eligible: 1 }, 'en')).toBe('Looked for before anybody else.')
})

test('why an offer was taken back, and why whoever held it holds it no longer', () => {
  expect(endSentence('released', 'transferred', 'en')).toBe('It was handed on.')
  expect(endSentence('released', 'link-lost', 'zh-CN')).toBe('连接断开后未恢复。')
  expect(endSentence('rescinded', 'taken', 'zh-TW')).toBe('已由他人接手。')
  expect([endSentence('declined', 'taken', 'en'), endSentence('released', null, 'en')]).toEqual([null, null])
})

test('whom a step or a rule asks for in vain', () => {
  const step = {
    skills: [{ skill: '退款', level: 2 }],
    where: { any: [{ skill: 'vip' }, { skill: '藏语', atMost: 3 }] },
  }
  expect(unreachedSentence(0, step, 'en')).toBe('Nobody can be found by step 1 (退款 2 and (vip ≥ 1 or 藏语 1–3)).')
  expect(unreachedSentence(1, { maxTier: 2 }, 'zh-CN')).toBe('第 2 步找不到任何人（第 2 梯队及以前）。')
  expect(unreachedSentence(2, {}, 'zh-TW')).toBe('第 3 步找不到任何人。')
  expect(unservedSentence(step.skills, 'zh-CN')).toBe('技能组内没有人具备该规则要求的技能：退款 2。')
  expect(unservedSentence([], 'en')).toBe('Nobody belongs to the group of this rule.')
})

test('why an entry rule did not take it', () => {
  const passed = { ruleId: 'r', name: '退款', reason: 'keywords' } as const
  expect(passedSentence(passed, 'en')).toBe('The rule “退款” did not take it: none of its keywords was said.')
  expect(passedSentence({ ...passed, reason: 'nobody-on-duty' }, 'zh-CN')).toBe('规则“退款”不适用：目标无人在岗。')
  expect(passedSentence({ ...passed, reason: 'hours' }, 'zh-TW')).toBe('規則「退款」不適用：營業狀態不符。')
})

test('how it came into its group', () => {
  const record: EntryRecord = {
    source: 'rules',
    groupId: 'g',
    rule: { ruleId: 'r', name: '退款', skills: [], because: ['keyword 退款'], fallback: 'wait' },
    passed: [],
    agent: { memberId: 'm', as: 'last-agent' },
  }
  expect(entrySentence(record, 'en')).toBe(
    'The rule “退款” took it: keyword 退款. Nobody of its target was on duty, so it waits there. Who served them last comes first.',
  )
  const rule = { ruleId: 'r', name: '退款', skills: [], because: ['keyword 退 款', 'it is closed', 'VIP'] }
  expect(entrySentence({ source: 'rules', groupId: 'g', passed: [], rule }, 'zh-TW')).toBe(
    '由規則「退款」接收：關鍵詞 退 款，非營業時間，VIP。',
  )
  expect(entrySentence({ source: 'default', groupId: 'g', passed: [] }, 'zh-CN')).toBe(
    '没有分流规则适用：进入最早建立的技能组（渠道未指定）。',
  )
})
