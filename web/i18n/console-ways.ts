/** The console’s words about the channels on which a customer can be answered. */
import type { Locale } from './locale.ts'

const zhCN = {
  answerOn: '回复渠道',
  thisChannel: '当前渠道',
  window: '{time} 前可回复',
  windowUses: '还可回复 {count} 次，{time} 前',
  ending: '“{name}”即将不能回复。',
  closed: '“{name}”已不能回复。',
  noOther: '客户再次来消息后才能回复，可以先写备注。',
  closedOption: '{name}（不可回复）',
  takeOther: '改用 {name} 回复',
}

export type WayTexts = typeof zhCN

export const wayTexts: Record<Locale, WayTexts> = {
  'zh-CN': zhCN,
  'zh-TW': {
    answerOn: '回覆管道',
    thisChannel: '目前管道',
    window: '{time} 前可回覆',
    windowUses: '還可回覆 {count} 次，{time} 前',
    ending: '「{name}」即將不能回覆。',
    closed: '「{name}」已不能回覆。',
    noOther: '客戶再次傳訊息後才能回覆，可以先寫備註。',
    closedOption: '{name}（不可回覆）',
    takeOther: '改用 {name} 回覆',
  },
  en: {
    answerOn: 'Answer on',
    thisChannel: 'This channel',
    window: 'Answers until {time}',
    windowUses: '{count} answers left, until {time}',
    ending: 'Answers on “{name}” will soon not be taken any more.',
    closed: 'Answers on “{name}” are not taken any more.',
    noOther: 'You can answer once the customer writes again; notes can be written meanwhile.',
    closedOption: '{name} (closed)',
    takeOther: 'Answer on {name}',
  },
}
