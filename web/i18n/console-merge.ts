/** The console’s words about merging two records of one person. */
import type { Locale } from './locale.ts'

const zhCN = {
  merge: '合并客户',
  mergeTitle: '合并两份客户资料',
  search: '按姓名、电话、邮箱查找',
  noneFound: '没有找到其他客户',
  kept: '保留',
  joins: '并入',
  swap: '交换',
  effect: '合并后以“{kept}”为准，空白的资料由“{joins}”补上。可以撤销。',
  confirm: '确认合并',
  merges: '合并记录',
  undo: '撤销合并',
  undone: '已撤销',
  by: '{name} 合并',
  done: '已合并',
  restored: '已撤销合并',
  lastSeen: '最近来访',
  /** By the codes of docs/errors.md. */
  problems: {
    'merge-same': '这两份资料已是同一位客户',
    'merge-too-many': '合并的资料太多',
    'merge-unknown': '没有这次合并',
    'merge-undone': '这次合并已撤销',
    'merge-covered': '请先撤销之后的合并',
    'version-stale': '资料刚刚变化，请再看一眼',
  } as Record<string, string>,
}

export type MergeTexts = typeof zhCN

const zhTW: MergeTexts = {
  merge: '合併客戶',
  mergeTitle: '合併兩份客戶資料',
  search: '依姓名、電話、電子郵件尋找',
  noneFound: '沒有找到其他客戶',
  kept: '保留',
  joins: '併入',
  swap: '交換',
  effect: '合併後以「{kept}」為準，空白的資料由「{joins}」補上。可以復原。',
  confirm: '確認合併',
  merges: '合併記錄',
  undo: '復原合併',
  undone: '已復原',
  by: '由 {name} 合併',
  done: '已合併',
  restored: '已復原合併',
  lastSeen: '最近來訪',
  problems: {
    'merge-same': '這兩份資料已是同一位客戶',
    'merge-too-many': '合併的資料太多',
    'merge-unknown': '沒有這次合併',
    'merge-undone': '這次合併已復原',
    'merge-covered': '請先復原之後的合併',
    'version-stale': '資料剛剛變動，請再看一次',
  },
}

const en: MergeTexts = {
  merge: 'Merge with another record',
  mergeTitle: 'Merge two records of one person',
  search: 'Find by name, phone or e-mail',
  noneFound: 'No other customer was found',
  kept: 'Stays',
  joins: 'Joins it',
  swap: 'Swap',
  effect: '“{kept}” will stand for both; what is blank in it is filled from “{joins}”. This can be undone.',
  confirm: 'Merge',
  merges: 'Merges',
  undo: 'Undo',
  undone: 'undone',
  by: 'by {name}',
  done: 'Merged',
  restored: 'The merge is undone',
  lastSeen: 'Last seen',
  problems: {
    'merge-same': 'Both are one customer already',
    'merge-too-many': 'So many records cannot be one',
    'merge-unknown': 'There is no such merge',
    'merge-undone': 'The merge has been undone already',
    'merge-covered': 'Undo the later merge first',
    'version-stale': 'The record has just changed; please look again',
  },
}

export const mergeTexts: Record<Locale, MergeTexts> = { 'zh-CN': zhCN, 'zh-TW': zhTW, en }
