/** Words about the audit log. */
import type { Threefold } from './threefold.ts'

const all = <T extends Record<string, Threefold>>(words: T): T => words

export const auditWords = all({
  audit: ['操作日志', '操作紀錄', 'Audit log'],
  auditHint: [
    '谁在什么时候更改了什么，查看了哪些敏感信息。',
    '誰在什麼時候更改了什麼，檢視了哪些敏感資訊。',
    'Who changed what and when, and who read what is sensitive.',
  ],
  empty: ['没有记录', '沒有紀錄', 'Nothing is written here'],
  what: ['对象', '對象', 'What'],
  who: ['操作人', '操作人', 'Who'],
  everything: ['全部对象', '全部對象', 'Everything'],
  everybody: ['所有人', '所有人', 'Everybody'],
  changes: ['更改内容', '更改內容', 'What was changed'],
  member: ['成员', '成員', 'Members'],
  group: ['技能组', '技能組', 'Skill groups'],
  channel: ['渠道', '管道', 'Channels'],
  key: ['API 密钥', 'API 金鑰', 'API keys'],
  webhook: ['Webhook', 'Webhook', 'Webhooks'],
  calendar: ['服务时间', '服務時間', 'Opening hours'],
  text: ['话术', '話術', 'Texts'],
  contact: ['客户', '客戶', 'Contacts'],
  ticket: ['工单', '工單', 'Tickets'],
  session: ['登录', '登入', 'Log-ins'],
})
