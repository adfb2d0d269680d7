/** The widget's words for those who wait, find nobody, or are asked how they were served: they come with what needs them. */
import type { Locale } from './locale.ts'

export interface ReceptionTexts {
  place: string
  placeFor: string
  closed: string
  opens: string
  nobody: string
  leave: string
  name: string
  phone: string
  email: string
  submit: string
  question: string
  worst: string
  best: string
  tags: string
  comment: string
  thanks: string
  failed: string
}

export const receptionTexts: Record<Locale, ReceptionTexts> = {
  'zh-CN': {
    place: '您排在第 {place} 位',
    placeFor: '您排在第 {place} 位，预计还要 {low}–{high} 分钟',
    closed: '现在是非工作时间，请留言，我们上班后回复您。',
    opens: '上班时间：{time}',
    nobody: '客服暂时不在，请留言，我们会尽快回复您。',
    leave: '留下联系方式',
    name: '姓名',
    phone: '电话',
    email: '邮箱',
    submit: '提交',
    question: '请为本次服务打分',
    worst: '很不满意',
    best: '非常满意',
    tags: '您的感受（可多选）',
    comment: '还想说点什么？（选填）',
    thanks: '感谢您的评价！',
    failed: '没有提交成功，请稍后再试',
  },
  'zh-TW': {
    place: '您排在第 {place} 位',
    placeFor: '您排在第 {place} 位，預計還要 {low}–{high} 分鐘',
    closed: '現在是非服務時間，請留言，我們上班後回覆您。',
    opens: '服務時間：{time}',
    nobody: '客服暫時不在，請留言，我們會盡快回覆您。',
    leave: '留下聯絡方式',
    name: '姓名',
    phone: '電話',
    email: '信箱',
    submit: '送出',
    question: '請為本次服務評分',
    worst: '非常不滿意',
    best: '非常滿意',
    tags: '您的感受（可複選）',
    comment: '還想說點什麼？（選填）',
    thanks: '感謝您的評價！',
    failed: '沒有送出，請稍後再試',
  },
  en: {
    place: 'You are number {place} in line',
    placeFor: 'You are no. {place} in line: about {low} to {high} minutes.',
    closed: 'We are closed. Leave us a message; we answer when we are back.',
    opens: 'We open: {time}',
    nobody: 'Nobody is here just now. Leave us a message; we answer as soon as we can.',
    leave: 'How can we reach you?',
    name: 'Name',
    phone: 'Phone',
    email: 'E-mail',
    submit: 'Send',
    question: 'How well were you served?',
    worst: 'Very badly',
    best: 'Very well',
    tags: 'What applies?',
    comment: 'Anything else? (optional)',
    thanks: 'Thank you!',
    failed: 'That did not work. Please try again later.',
  },
}
