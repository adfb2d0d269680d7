/** The console’s words about work between colleagues: notes, mentions, taking part, tags. */
import type { Locale } from './locale.ts'

const zhCN = {
  mentions: '提到我的',
  noMentions: '还没有人提到您',
  mentioned: '{name} 在备注中提到了您',
  mentionHint: '输入 @ 提到同事',
  colleagues: '同事',
  invite: '邀请同事',
  invited: '已邀请 {name}',
  leave: '退出会话',
  sendAway: '请出 {name}',
  takingPart: '参与人',
  youTakePart: '您参与了这个会话',
  takeOver: '接管',
  assign: '分配给同事',
  writeNote: '写备注',
  hideNote: '收起备注',
  tags: '会话标签',
  copyLink: '复制链接',
  linkCopied: '链接已复制',
  /** By the codes of docs/errors.md. */
  problems: {
    'participants-too-many': '参与人已达上限',
    'member-disabled': '该同事已停用',
    'member-unknown': '没有这位同事',
    'tags-too-many': '标签已达上限',
    'conversation-unknown': '会话不存在或无权查看',
  } as Record<string, string>,
}

export type TeamTexts = typeof zhCN

const zhTW: TeamTexts = {
  mentions: '提到我的',
  noMentions: '還沒有人提到您',
  mentioned: '{name} 在備註中提到了您',
  mentionHint: '輸入 @ 提到同事',
  colleagues: '同事',
  invite: '邀請同事',
  invited: '已邀請 {name}',
  leave: '退出對話',
  sendAway: '請出 {name}',
  takingPart: '參與者',
  youTakePart: '您參與了這個對話',
  takeOver: '接管',
  assign: '指派給同事',
  writeNote: '寫備註',
  hideNote: '收起備註',
  tags: '對話標籤',
  copyLink: '複製連結',
  linkCopied: '連結已複製',
  problems: {
    'participants-too-many': '參與者已達上限',
    'member-disabled': '該同事已停用',
    'member-unknown': '沒有這位同事',
    'tags-too-many': '標籤已達上限',
    'conversation-unknown': '對話不存在或無權檢視',
  },
}

const en: TeamTexts = {
  mentions: 'Mentions',
  noMentions: 'Nobody has mentioned you yet',
  mentioned: '{name} mentioned you in a note',
  mentionHint: 'Type @ to mention a colleague',
  colleagues: 'Colleagues',
  invite: 'Invite a colleague',
  invited: '{name} takes part now',
  leave: 'Leave the conversation',
  sendAway: 'Send {name} away',
  takingPart: 'Taking part',
  youTakePart: 'You take part in this conversation',
  takeOver: 'Take over',
  assign: 'Assign to a colleague',
  writeNote: 'Write a note',
  hideNote: 'Put the note away',
  tags: 'Tags of the conversation',
  copyLink: 'Copy the link',
  linkCopied: 'The link is copied',
  problems: {
    'participants-too-many': 'No more colleagues can take part',
    'member-disabled': 'The colleague is disabled',
    'member-unknown': 'There is no such colleague',
    'tags-too-many': 'No more tags can be added',
    'conversation-unknown': 'There is no such conversation, or it is not yours to see',
  },
}

export const teamTexts: Record<Locale, TeamTexts> = { 'zh-CN': zhCN, 'zh-TW': zhTW, en }
