/** The console’s words about how an agent is, beside the usual. */
import type { Locale } from './locale.ts'

export interface ReasonTexts {
  own: string
  onlineBut: string
  set: string
}

export const reasonTexts: Record<Locale, ReasonTexts> = {
  'zh-CN': { own: '自定义状态', onlineBut: '在线，但暂停接待', set: '确定' },
  'zh-TW': { own: '自訂狀態', onlineBut: '在線，但暫停接待', set: '確定' },
  en: { own: 'States of our own', onlineBut: 'Online, but taking none of these', set: 'Set' },
}
