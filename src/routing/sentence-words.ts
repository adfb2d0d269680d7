/** The words of routing's explanations, in each language that people read them in. */
import type { AssignmentEnd } from './ledger.ts'
import type { OverflowCause, RescindReason, Strategy } from './model.ts'

export type SentenceLanguage = 'en' | 'zh-CN' | 'zh-TW'

type Measure = Strategy | 'preferred' | 'direct'

export interface SentenceWords {
  readonly end: string
  readonly between: string
  readonly and: string
  readonly holder: string
  readonly asked: string
  readonly free: string
  /** Nobody is asked for what lies in the pool or is put off, but it may be taken. */
  readonly mayTake: string
  /** Reasons that routing itself gives. */
  readonly imposed: Readonly<Record<string, string>>
  presence(state: 'offline' | 'busy' | 'away', since: string, reason: string): string
  readonly disconnected: string
  later(step: number, at: string, lacks: string): string
  lacks(skill: string, level: number, has: number): string
  unmet(condition: string): string
  readonly conditions: Readonly<Record<'all' | 'any' | 'not', string>>
  tier(tier: number, most: number): string
  readonly notAskedFor: string
  full(used: number, capacity: number, weight: number): string
  mediumFull(medium: string, count: number, limit: number): string
  mediumClosed(medium: string, reason: string): string
  groupFull(count: number, limit: number): string
  notDuring(medium: string): string
  reserved(priority: number): string
  excluded(until: string): string
  readonly media: Readonly<Record<string, string>>
  readonly measures: Readonly<Record<Measure, string>>
  readonly pulled: string
  readonly manual: string
  readonly repaired: string
  among(count: number, measure: string): string
  /** What decided before any measure, or where the next one's was the same. */
  tierFirst(tier: number): string
  alike(measure: string, second: string): string
  readonly longestSinceEnd: string
  readonly only: string
  /** Several are asked at once, and somebody else comes first. */
  readonly beside: string
  byStep(step: number): string
  /** Why an offer was taken back, or whoever held it holds it no longer. What they did themselves needs no word. */
  readonly ends: Readonly<Record<Exclude<RescindReason, 'declined' | 'expired'> | AssignmentEnd, string>>
  noRule(group: 'default' | 'channel'): string
  /** By the word in which a condition was written down; what is not here stays as it is. */
  readonly because: Readonly<Record<string, string>>
  rule(name: string, because: readonly string[]): string
  readonly fallbackWait: string
  readonly fallbackGroup: string
  readonly designatedFirst: string
  readonly lastAgentFirst: string
  readonly states: Readonly<Record<'offered' | 'pooled' | 'active' | 'parked' | 'wrapup', string>>
  /** Before how what is handed on stands in its new group. */
  readonly kept: string
  deferred(until: string): string
  /** 1 is next. */
  waiting(place: number, of: number): string
  nextStep(step: number, at: string): string
  readonly causes: Readonly<Record<OverflowCause, string>>
  readonly went: Readonly<Record<'group' | 'pool' | 'end', string>>
  /** A step of a plan reaches nobody, who asks for that. */
  unreached(step: number, asked: string): string
  upToTier(tier: number): string
  readonly emptyGroup: string
  nobodyHas(skills: string): string
}

const en: SentenceWords = {
  end: '.',
  between: '; ',
  and: ' and ',
  holder: 'Holds it.',
  asked: 'Is being asked at this moment.',
  free: 'Could take it now.',
  mayTake: 'May take it by hand; nobody is asked.',
  imposed: {
    'not-responding': 'left too many offers unanswered',
    'link-lost': 'lost the connection',
    phone: 'the telephone did not answer',
  },
  presence: (state, since, reason) => `is ${state} since ${since}${reason && ` (${reason})`}`,
  disconnected: 'has lost the connection',
  later: (step, at, lacks) =>
    `is looked for by step ${step}${at && `, from ${at}`}${lacks && `; until then: ${lacks}`}`,
  lacks: (skill, level, has) => `lacks ${skill} ${level} (has ${has})`,
  unmet: (condition) => `does not meet ${condition}`,
  conditions: { all: ' and ', any: ' or ', not: 'not ' },
  tier: (tier, most) => `is of tier ${tier}, where tier ${most} and those before it are asked`,
  notAskedFor: 'is not among those whom the plan looks for',
  full: (used, capacity, weight) => `has ${used} of ${capacity} units in use, and it takes ${weight}`,
  mediumFull: (medium, count, limit) => `has ${count} of at most ${limit} in the medium ${medium}`,
  mediumClosed: (medium, reason) => `takes nothing in the medium ${medium} at present${reason && ` (${reason})`}`,
  groupFull: (count, limit) => `has ${count} of at most ${limit} of this group`,
  notDuring: (medium) => `has something in the medium ${medium} in hand, beside which it is not given`,
  reserved: (priority) => `is kept free for priority ${priority} and more`,
  excluded: (until) => `declined it, missed it or handed it on, and is asked again at ${until} at the latest`,
  media: { chat: 'chat', call: 'call', ticket: 'ticket' },
  measures: {
    'longest-idle': 'idle for the longest time',
    'least-loaded': 'the smallest share of the capacity in use',
    'least-loaded-count': 'the fewest items in hand',
    'round-robin': 'given work longest ago',
    'best-skill': 'the highest level in what it needs',
    weighted: 'given least for their weight',
    'priority-list': 'first in the list',
    random: 'drawn by lot',
    preferred: 'looked for before anybody else',
    direct: 'handed over to them',
  },
  pulled: 'Took it from the queue.',
  manual: 'Was given it by hand.',
  repaired: 'Held it already; the record was missing and has been mended.',
  among: (count, measure) => `Of ${count} who could take it: ${measure}`,
  tierFirst: (tier) => `of tier ${tier}, which comes before the next one’s`,
  alike: (measure, second) => `${measure}, like the next, and ${second}`,
  longestSinceEnd: 'the longest time since something of theirs ended',
  only: 'The only one who could take it',
  beside: 'Asked at the same time as whoever comes first',
  byStep: (step) => `, by step ${step} of the plan`,
  ends: {
    cancelled: 'The customer left, it was closed, or its holder kept it.',
    'agent-unavailable': 'They were no longer there for it.',
    'not-responding': 'They had left too many offers unanswered.',
    'link-down': 'Their connection broke off.',
    'not-eligible': 'It looks for others now.',
    taken: 'Somebody else came first.',
    ended: 'It was over.',
    woken: 'When it woke they were not there, or had no room for it.',
    transferred: 'It was handed on.',
    'taken-over': 'It was given to somebody else by hand.',
    'link-lost': 'Their connection stayed lost.',
    offline: 'They went offline.',
    'agent-removed': 'Their account was disabled.',
    repaired: 'The record did not fit who holds it, and has been mended.',
  },
  noRule: (group) =>
    `No entry rule took it: it came into ${group === 'default' ? 'the oldest group, since the channel has none' : 'the group of its channel'}.`,
  because: {},
  rule: (name, because) =>
    `The rule “${name}” took it: ${because.length === 0 ? 'it takes everybody' : because.join(', ')}.`,
  fallbackWait: ' Nobody of its target was on duty, so it waits there.',
  fallbackGroup: ' Nobody of its target was on duty, so it came into the other group that the rule names.',
  designatedFirst: ' Whom they asked for comes first.',
  lastAgentFirst: ' Who served them last comes first.',
  states: {
    offered: 'Is being offered at this moment.',
    pooled: 'Lies in the pool, until somebody takes it, gives it or moves it.',
    active: 'Is in somebody’s hands.',
    parked: 'Is set aside by who holds it.',
    wrapup: 'Is over; who held it is still busy with what comes after.',
  },
  kept: 'Is handed on, and stays with its holder until somebody takes it. ',
  deferred: (until) =>
    `Is put off ${until ? `until ${until}` : 'until the customer writes'}; nobody is asked meanwhile, and it keeps its place.`,
  waiting: (place, of) => `Waits as number ${place} of ${of} in its group.`,
  nextStep: (step, at) => ` Step ${step} of the plan looks for others from ${at} on.`,
  causes: {
    nobody: 'Nobody of the group was there',
    full: 'The group had as many waiting as it takes',
    slow: 'The wait in the group would have been too long',
    late: 'It had waited in the group for as long as that allows',
  },
  went: { group: ': passed on to another group.', pool: ': put into the pool.', end: ': closed.' },
  unreached: (step, asked) => `Nobody can be found by step ${step}${asked && ` (${asked})`}.`,
  upToTier: (tier) => `tier ${tier} and those before it`,
  emptyGroup: 'Nobody belongs to the group of this rule.',
  nobodyHas: (skills) => `Nobody in the group has what this rule asks for: ${skills}.`,
}

const zhCn: SentenceWords = {
  end: '。',
  between: '；',
  and: '、',
  holder: '正在由其接待。',
  asked: '正在询问其是否接受。',
  free: '现在可以接待。',
  mayTake: '可以手动接入；系统不再主动分配。',
  imposed: { 'not-responding': '多次未应答', 'link-lost': '连接断开', phone: '话机未接通' },
  presence: (state, since, reason) =>
    `自 ${since} 起${{ offline: '离线', busy: '示忙', away: '离开' }[state]}${reason && `（${reason}）`}`,
  disconnected: '连接已断开',
  later: (step, at, lacks) => `要到第 ${step} 步才轮到${at && `（${at} 起）`}${lacks && `，此前：${lacks}`}`,
  lacks: (skill, level, has) => `技能 ${skill} 需要 ${level} 级（现有 ${has} 级）`,
  unmet: (condition) => `不符合技能条件 ${condition}`,
  conditions: { all: ' 且 ', any: ' 或 ', not: '非 ' },
  tier: (tier, most) => `属于第 ${tier} 梯队，而只询问到第 ${most} 梯队`,
  notAskedFor: '不在路由计划寻找的人员之中',
  full: (used, capacity, weight) => `已用 ${used}/${capacity} 个接待单位，而这次需要 ${weight} 个`,
  mediumFull: (medium, count, limit) => `${medium}已有 ${count} 个，上限 ${limit} 个`,
  mediumClosed: (medium, reason) => `目前不接${medium}${reason && `（${reason}）`}`,
  groupFull: (count, limit) => `本技能组已有 ${count} 个，上限 ${limit} 个`,
  notDuring: (medium) => `手上有${medium}，本技能组规定此时不再分配`,
  reserved: (priority) => `为优先级 ${priority} 及以上的会话预留`,
  excluded: (until) => `曾拒绝、错过或转出，最迟 ${until} 会再次询问`,
  media: { chat: '会话', call: '通话', ticket: '工单' },
  measures: {
    'longest-idle': '空闲时间最长',
    'least-loaded': '负载比例最低',
    'least-loaded-count': '手上数量最少',
    'round-robin': '距上次分配最久',
    'best-skill': '所需技能等级最高',
    weighted: '按权重应得最多',
    'priority-list': '名单中排在最前',
    random: '抽签选出',
    preferred: '优先由其接待',
    direct: '直接转给本人',
  },
  pulled: '本人从队列中接入。',
  manual: '由人工指派。',
  repaired: '原本就由其接待；缺失的记录已补上。',
  among: (count, measure) => `${count} 位可接待者之中：${measure}`,
  tierFirst: (tier) => `属于第 ${tier} 梯队，先于下一位`,
  alike: (measure, second) => `${measure}（与下一位相同），且${second}`,
  longestSinceEnd: '距上次结束最久',
  only: '唯一可以接待的人',
  beside: '与首选坐席同时询问',
  byStep: (step) => `，由路由计划第 ${step} 步找到`,
  ends: {
    cancelled: '客户已离开、会话已关闭，或原坐席决定保留。',
    'agent-unavailable': '本人当时已不能接待。',
    'not-responding': '多次未应答。',
    'link-down': '连接中断。',
    'not-eligible': '现在寻找的是其他人。',
    taken: '已由他人接手。',
    ended: '接待已结束。',
    woken: '恢复时本人不在，或没有空余。',
    transferred: '已转接。',
    'taken-over': '由人工改派给他人。',
    'link-lost': '连接断开后未恢复。',
    offline: '本人已离线。',
    'agent-removed': '账号已停用。',
    repaired: '记录与实际接待人不符，已更正。',
  },
  noRule: (group) =>
    `没有分流规则适用：进入${group === 'default' ? '最早建立的技能组（渠道未指定）' : '渠道所属的技能组'}。`,
  because: {
    channel: '渠道',
    keyword: '关键词',
    pattern: '表达式',
    language: '语言',
    region: '地区',
    tag: '标签',
    'it is open': '营业时间内',
    'it is closed': '非营业时间',
    'no VIP': '非 VIP',
  },
  rule: (name, because) => `由规则“${name}”接收：${because.length === 0 ? '该规则接收所有会话' : because.join('，')}。`,
  fallbackWait: '目标无人在岗，仍在那里排队。',
  fallbackGroup: '目标无人在岗，进入规则指定的另一个技能组。',
  designatedFirst: '优先询问客户指定的客服。',
  lastAgentFirst: '优先询问上次接待的客服。',
  states: {
    offered: '正在询问客服是否接受。',
    pooled: '在未接入池中，等待有人接入、指派或转移。',
    active: '正在接待中。',
    parked: '已由接待人搁置。',
    wrapup: '会话已结束，接待人正在整理。',
  },
  kept: '正在转接，有人接手前仍由原坐席接待。',
  deferred: (until) => `已推迟${until ? `至 ${until}` : '，客户再次发言时恢复'}；其间不询问任何人，保留排队位置。`,
  waiting: (place, of) => `正在排队：本组 ${of} 个中的第 ${place} 个。`,
  nextStep: (step, at) => `路由计划第 ${step} 步将于 ${at} 起寻找其他人。`,
  causes: {
    nobody: '技能组内无人在岗',
    full: '技能组排队已满',
    slow: '技能组预计等待过长',
    late: '在技能组内等待超时',
  },
  went: { group: '：转到另一个技能组。', pool: '：放入未接入池。', end: '：已关闭。' },
  unreached: (step, asked) => `第 ${step} 步找不到任何人${asked && `（${asked}）`}。`,
  upToTier: (tier) => `第 ${tier} 梯队及以前`,
  emptyGroup: '该规则的技能组没有成员。',
  nobodyHas: (skills) => `技能组内没有人具备该规则要求的技能：${skills}。`,
}

const zhTw: SentenceWords = {
  end: '。',
  between: '；',
  and: '、',
  holder: '正由其接待。',
  asked: '正在詢問其是否接受。',
  free: '現在可以接待。',
  mayTake: '可以手動接入；系統不再主動分配。',
  imposed: { 'not-responding': '多次未應答', 'link-lost': '連線中斷', phone: '話機未接通' },
  presence: (state, since, reason) =>
    `自 ${since} 起${{ offline: '離線', busy: '示忙', away: '離開' }[state]}${reason && `（${reason}）`}`,
  disconnected: '連線已中斷',
  later: (step, at, lacks) => `要到第 ${step} 步才輪到${at && `（${at} 起）`}${lacks && `，此前：${lacks}`}`,
  lacks: (skill, level, has) => `技能 ${skill} 需要 ${level} 級（現有 ${has} 級）`,
  unmet: (condition) => `不符合技能條件 ${condition}`,
  conditions: { all: ' 且 ', any: ' 或 ', not: '非 ' },
  tier: (tier, most) => `屬於第 ${tier} 梯隊，而只詢問到第 ${most} 梯隊`,
  notAskedFor: '不在路由計畫尋找的人員之中',
  full: (used, capacity, weight) => `已用 ${used}/${capacity} 個接待單位，而這次需要 ${weight} 個`,
  mediumFull: (medium, count, limit) => `${medium}已有 ${count} 個，上限 ${limit} 個`,
  mediumClosed: (medium, reason) => `目前不接${medium}${reason && `（${reason}）`}`,
  groupFull: (count, limit) => `本技能組已有 ${count} 個，上限 ${limit} 個`,
  notDuring: (medium) => `手上有${medium}，本技能組規定此時不再分配`,
  reserved: (priority) => `為優先級 ${priority} 及以上的對話預留`,
  excluded: (until) => `曾拒絕、錯過或轉出，最遲 ${until} 會再次詢問`,
  media: { chat: '對話', call: '通話', ticket: '工單' },
  measures: {
    'longest-idle': '閒置時間最長',
    'least-loaded': '負載比例最低',
    'least-loaded-count': '手上數量最少',
    'round-robin': '距上次分配最久',
    'best-skill': '所需技能等級最高',
    weighted: '按權重應得最多',
    'priority-list': '名單中排在最前',
    random: '抽籤選出',
    preferred: '優先由其接待',
    direct: '直接轉給本人',
  },
  pulled: '本人從佇列中接入。',
  manual: '由人工指派。',
  repaired: '原本就由其接待；缺失的紀錄已補上。',
  among: (count, measure) => `${count} 位可接待者之中：${measure}`,
  tierFirst: (tier) => `屬於第 ${tier} 梯隊，先於下一位`,
  alike: (measure, second) => `${measure}（與下一位相同），且${second}`,
  longestSinceEnd: '距上次結束最久',
  only: '唯一可以接待的人',
  beside: '與首選客服同時詢問',
  byStep: (step) => `，由路由計畫第 ${step} 步找到`,
  ends: {
    cancelled: '客戶已離開、對話已關閉，或原客服決定保留。',
    'agent-unavailable': '本人當時已不能接待。',
    'not-responding': '多次未應答。',
    'link-down': '連線中斷。',
    'not-eligible': '現在尋找的是其他人。',
    taken: '已由他人接手。',
    ended: '接待已結束。',
    woken: '恢復時本人不在，或沒有空餘。',
    transferred: '已轉接。',
    'taken-over': '由人工改派給他人。',
    'link-lost': '連線中斷後未恢復。',
    offline: '本人已離線。',
    'agent-removed': '帳號已停用。',
    repaired: '紀錄與實際接待人不符，已更正。',
  },
  noRule: (group) =>
    `沒有分流規則適用：進入${group === 'default' ? '最早建立的技能組（管道未指定）' : '管道所屬的技能組'}。`,
  because: {
    channel: '管道',
    keyword: '關鍵詞',
    pattern: '表達式',
    language: '語言',
    region: '地區',
    tag: '標籤',
    'it is open': '營業時間內',
    'it is closed': '非營業時間',
    'no VIP': '非 VIP',
  },
  rule: (name, because) =>
    `由規則「${name}」接收：${because.length === 0 ? '該規則接收所有對話' : because.join('，')}。`,
  fallbackWait: '目標無人在崗，仍在那裡排隊。',
  fallbackGroup: '目標無人在崗，進入規則指定的另一個技能組。',
  designatedFirst: '優先詢問客戶指定的客服。',
  lastAgentFirst: '優先詢問上次接待的客服。',
  states: {
    offered: '正在詢問客服是否接受。',
    pooled: '在未接入池中，等待有人接入、指派或轉移。',
    active: '正在接待中。',
    parked: '已由接待人擱置。',
    wrapup: '對話已結束，接待人正在整理。',
  },
  kept: '正在轉接，有人接手前仍由原客服接待。',
  deferred: (until) => `已延後${until ? `至 ${until}` : '，客戶再次發言時恢復'}；期間不詢問任何人，保留排隊位置。`,
  waiting: (place, of) => `正在排隊：本組 ${of} 個中的第 ${place} 個。`,
  nextStep: (step, at) => `路由計畫第 ${step} 步將於 ${at} 起尋找其他人。`,
  causes: {
    nobody: '技能組內無人在崗',
    full: '技能組排隊已滿',
    slow: '技能組預計等待過長',
    late: '在技能組內等待逾時',
  },
  went: { group: '：轉到另一個技能組。', pool: '：放入未接入池。', end: '：已關閉。' },
  unreached: (step, asked) => `第 ${step} 步找不到任何人${asked && `（${asked}）`}。`,
  upToTier: (tier) => `第 ${tier} 梯隊及以前`,
  emptyGroup: '該規則的技能組沒有成員。',
  nobodyHas: (skills) => `技能組內沒有人具備該規則要求的技能：${skills}。`,
}

export const sentenceWords: Readonly<Record<SentenceLanguage, SentenceWords>> = { en, 'zh-CN': zhCn, 'zh-TW': zhTw }
