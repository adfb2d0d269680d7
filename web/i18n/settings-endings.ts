/** Words about how conversations end. */
import type { Threefold } from './threefold.ts'

const all = <T extends Record<string, Threefold>>(words: T): T => words

export const endingWords = all({
  endings: ['会话小结', '對話小結', 'Closing'],
  endingsHint: [
    '结束会话时请坐席选择分类、写小结，方便统计和查找。',
    '結束對話時請客服選擇分類、寫小結，方便統計和查詢。',
    'What agents choose and write down when a conversation ends, to count and to find it by.',
  ],
  categories: ['会话分类', '對話分類', 'Categories'],
  categoriesHint: [
    '结束会话时可以选择的分类，用过的不能删除，只能停用。',
    '結束對話時可以選擇的分類，用過的不能刪除，只能停用。',
    'To choose from when a conversation ends. What is in use is retired, never removed.',
  ],
  forAll: ['结束规则 · 全部技能组', '結束規則 · 全部技能組', 'Rule for all groups'],
  addRule: ['为一个技能组单独设置', '為一個技能組單獨設定', 'A rule of its own for a group'],
  asForAll: ['恢复与全部一致', '恢復與全部一致', 'As for all again'],
  category: ['选择分类', '選擇分類', 'Category'],
  summary: ['填写小结', '填寫小結', 'Summary'],
  off: ['不询问', '不詢問', 'Not asked'],
  optional: ['可选', '可選', 'Asked'],
  required: ['必填', '必填', 'Required'],
  closeResolved: ['已解决的会话自动关闭', '已解決的對話自動關閉', 'What is resolved closes after'],
  closeResolvedHint: [
    '期间客户再来消息会重新打开',
    '期間客戶再來訊息會重新開啟',
    'Until then it opens again when the customer writes',
  ],
  never: ['从不', '從不', 'Never'],
})

export const verificationWords = all({
  verification: ['域名验证文件', '網域驗證檔案', 'Verification files'],
  verificationHint: [
    '微信公众平台、企业微信要求放在域名根目录的文件（MP_verify_….txt、WW_verify_….txt）。',
    '微信公眾平台、企業微信要求放在網域根目錄的檔案（MP_verify_….txt、WW_verify_….txt）。',
    'Files that WeChat and WeCom ask for at the root of your address (MP_verify_….txt, WW_verify_….txt).',
  ],
  upload: ['上传文件', '上傳檔案', 'Upload a file'],
  empty: ['还没有文件', '還沒有檔案', 'There are no files yet'],
  wrong: [
    '这不是验证文件：文件名应为 MP_verify_….txt 或 WW_verify_….txt',
    '這不是驗證檔案：檔名應為 MP_verify_….txt 或 WW_verify_….txt',
    'This is no verification file: its name is MP_verify_….txt or WW_verify_….txt',
  ],
  removeTitle: ['删除“{name}”？', '刪除「{name}」？', 'Delete “{name}”?'],
  removeText: [
    '平台再次验证域名时会失败。',
    '平台再次驗證網域時會失敗。',
    'The platform cannot verify your address again.',
  ],
})
