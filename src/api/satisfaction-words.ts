/** The words of the page on which customers score how they were served. */
import type { Language } from './languages.ts'

export interface SatisfactionWords {
  readonly title: string
  readonly question: string
  readonly worst: string
  readonly best: string
  readonly tags: string
  readonly comment: string
  readonly send: string
  readonly thanks: string
  readonly answered: string
  readonly expired: string
  readonly unknown: string
  readonly choose: string
}

export const satisfactionWords = {
  'zh-CN': {
    title: '服务评价',
    question: '请为本次服务打分',
    worst: '很不满意',
    best: '非常满意',
    tags: '您的感受（可多选）',
    comment: '还想说点什么？（选填）',
    send: '提交',
    thanks: '感谢您的评价！',
    answered: '您已经评价过了，谢谢！',
    expired: '评价时间已过。',
    unknown: '这个链接无效。',
    choose: '请先选择一个分数。',
  },
  'zh-TW': {
    title: '服務評價',
    question: '請為本次服務評分',
    worst: '非常不滿意',
    best: '非常滿意',
    tags: '您的感受（可複選）',
    comment: '還想說點什麼？（選填）',
    send: '送出',
    thanks: '感謝您的評價！',
    answered: '您已經評價過了，謝謝！',
    expired: '評價時間已過。',
    unknown: '這個連結無效。',
    choose: '請先選擇一個分數。',
  },
  en: {
    title: 'How did we do?',
    question: 'How well were you served?',
    worst: 'Very badly',
    best: 'Very well',
    tags: 'What applies?',
    comment: 'Anything else? (optional)',
    send: 'Send',
    thanks: 'Thank you!',
    answered: 'You have answered already. Thank you!',
    expired: 'The time to answer is over.',
    unknown: 'This link is not valid.',
    choose: 'Please choose a score first.',
  },
} as const satisfies Record<Language, SatisfactionWords>
