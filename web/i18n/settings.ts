/** Words of the settings that all their pages share. */
import type { Threefold } from './threefold.ts'

const all = <T extends Record<string, Threefold>>(words: T): T => words

export const settingsWords = all({
  title: ['设置', '設定', 'Settings'],
  loading: ['正在加载…', '載入中…', 'Loading…'],
  tryAgain: ['重试', '重試', 'Try again'],
  save: ['保存', '儲存', 'Save'],
  saving: ['正在保存…', '正在儲存…', 'Saving…'],
  saved: ['已保存', '已儲存', 'Saved'],
  cancel: ['取消', '取消', 'Cancel'],
  add: ['添加', '新增', 'Add'],
  edit: ['编辑', '編輯', 'Edit'],
  remove: ['删除', '刪除', 'Delete'],
  removed: ['已删除', '已刪除', 'Deleted'],
  copy: ['复制', '複製', 'Copy'],
  copied: ['已复制', '已複製', 'Copied'],
  copyByHand: [
    '浏览器不允许自动复制，请手动复制',
    '瀏覽器不允許自動複製，請手動複製',
    'The browser does not let us copy: please copy it by hand',
  ],
  keptIt: ['我已保存好', '我已保存好', 'I have kept it'],
  on: ['启用', '啟用', 'On'],
  off: ['停用', '停用', 'Off'],
  name: ['名称', '名稱', 'Name'],
  none: ['无', '無', 'None'],
  createdAt: ['创建于 {time}', '建立於 {time}', 'Made {time}'],
  never: ['从未', '從未', 'never'],
  moveUp: ['上移', '上移', 'Move up'],
  moveDown: ['下移', '下移', 'Move down'],
  notFound: ['这里什么也没有', '這裡什麼也沒有', 'There is nothing here'],
  seconds: ['秒', '秒', 'seconds'],
  days: ['天', '天', 'days'],
  more: ['加载更多', '載入更多', 'Load more'],
  groupChannels: ['接入', '接入', 'Channels'],
  groupTeam: ['团队', '團隊', 'Team'],
  groupDesk: ['服务', '服務', 'Service'],
  groupPrograms: ['开发', '開發', 'Developers'],
  groupSelf: ['个人', '個人', 'You'],
})
