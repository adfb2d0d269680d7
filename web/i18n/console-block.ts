/** The console’s words about the blocklist. */
import type { Locale } from './locale.ts'

const zhCN = {
  block: '拉黑',
  unblock: '移出黑名单',
  blocked: '已拉黑',
  reason: '拉黑原因（可不填）',
  howLong: '拉黑多久',
  forever: '永久',
  hour: '1 小时',
  day: '1 天',
  week: '7 天',
  month: '30 天',
  blockAddress: '拉黑 {address}',
  addressEffect: '此后从这里来的消息不再接收；该客户的其他联系方式不受影响。',
  until: '至 {time}',
}

export type BlockTexts = typeof zhCN

const zhTW: BlockTexts = {
  block: '封鎖',
  unblock: '解除封鎖',
  blocked: '已封鎖',
  reason: '封鎖原因（可不填）',
  howLong: '封鎖多久',
  forever: '永久',
  hour: '1 小時',
  day: '1 天',
  week: '7 天',
  month: '30 天',
  blockAddress: '封鎖 {address}',
  addressEffect: '此後從這裡來的訊息不再接收；該客戶的其他聯絡方式不受影響。',
  until: '至 {time}',
}

const en: BlockTexts = {
  block: 'Block',
  unblock: 'Unblock',
  blocked: 'Blocked',
  reason: 'Why (optional)',
  howLong: 'For how long',
  forever: 'For good',
  hour: '1 hour',
  day: '1 day',
  week: '7 days',
  month: '30 days',
  blockAddress: 'Block {address}',
  addressEffect: 'Nothing that comes from there is taken in any more; the customer’s other addresses go on.',
  until: 'until {time}',
}

export const blockTexts: Record<Locale, BlockTexts> = { 'zh-CN': zhCN, 'zh-TW': zhTW, en }
