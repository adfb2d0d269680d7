/** Texts as words: which language somebody is spoken to in, what variables mean, and what the hub says of itself. */
import type { TextKind } from '../events/reception-shapes.ts'

/** What a text may hold as {{name}}. */
export const variables = [
  'contact.name',
  'agent.name',
  'agent.number',
  'business.name',
  'queue.position',
  'hours.opens',
  'link',
] as const
export type Variable = (typeof variables)[number]

export type Values = Partial<Readonly<Record<Variable, string>>>

const slot = /\{\{\s*([\w.]*)\s*\}\}/g

/** Names of variables that there are not. */
export function unknownVariables(text: string): string[] {
  return [...text.matchAll(slot)]
    .map(([, name = '']) => name)
    .filter((name) => !(variables as readonly string[]).includes(name))
}

/** The text with its variables filled in. A line in which one has no value is left out: write the place in line on a line of its own. */
export function fillText(text: string, values: Values): string {
  return text
    .split(/\r?\n/)
    .flatMap((line) => {
      let isWhole = true
      const filled = line.replace(slot, (_, name: Variable) => {
        isWhole &&= Boolean(values[name])
        return values[name] ?? ''
      })
      return isWhole ? [filled] : []
    })
    .join('\n')
    .trim()
}

/**
 * Languages to look for, in order: what was asked for, its kin, then the others that are spoken here. Chinese falls back within itself
 * by script before it does to anything else; every other language to itself without its region.
 */
export function languagesFor(asked: string | undefined, fallback: string): string[] {
  const of = (language: string): string[] => {
    const [base = '', ...rest] = language.split(/[-_]/)
    if (base.toLowerCase() !== 'zh') return [language, base]
    const isTraditional = rest.some((part) => /^(hant|tw|hk|mo)$/i.test(part))
    const kin = isTraditional ? ['zh-TW', 'zh-Hant', 'zh-HK', 'zh-CN'] : ['zh-CN', 'zh-Hans', 'zh-TW']
    return [language, ...kin, 'zh']
  }
  return [...new Set([...(asked === undefined ? [] : of(asked)), ...of(fallback), 'en', 'zh-CN', 'zh-TW'])]
}

type BuiltIn = Partial<Readonly<Record<TextKind, string>>>

/**
 * What is said where a rule asks for it and nobody wrote a text. A greeting, and a word to those who wait, are said only once
 * somebody has written them.
 */
export const builtInTexts: Readonly<Record<string, BuiltIn>> = {
  'zh-CN': {
    'off-hours':
      '您好，现在是非工作时间。请留下您的问题和联系方式，我们上班后会尽快回复您。\n下次上班时间：{{hours.opens}}',
    reminder: '您好，请问您还在吗？如还有问题，请直接回复。',
    closing: '本次服务已结束，感谢您的咨询。如需帮助，欢迎随时再来。',
    satisfaction: '请为本次服务打分：{{link}}',
  },
  'zh-TW': {
    'off-hours':
      '您好，現在是非服務時間。請留下您的問題和聯絡方式，我們上班後會盡快回覆您。\n下次服務時間：{{hours.opens}}',
    reminder: '您好，請問您還在嗎？如還有問題，請直接回覆。',
    closing: '本次服務已結束，感謝您的諮詢。如需協助，歡迎隨時再來。',
    satisfaction: '請為本次服務評分：{{link}}',
  },
  en: {
    'off-hours':
      'We are closed at the moment. Please leave your question and how to reach you; we answer when we are back.\nWe open: {{hours.opens}}',
    reminder: 'Are you still there? If there is anything else, just write to us.',
    closing: 'This conversation has ended. Thank you, and write again whenever you need us.',
    satisfaction: 'How did we do? Please tell us: {{link}}',
  },
}

/** A moment as people of that language write it, on the clock of that zone. */
export function momentIn(at: number, language: string, timeZone: string): string {
  return new Intl.DateTimeFormat(language, {
    timeZone,
    month: 'long',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
}
