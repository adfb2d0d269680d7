/** The console's words about files. */
import type { Locale } from './locale.ts'

export interface FileTexts {
  attach: string
  uploading: string
  notSent: string
  gone: string
  awaited: string
  failed: string
  tooLarge: string
  broken: string
  notWritten: string
  writeAgain: string
}

export const fileTexts: Record<Locale, FileTexts> = {
  'zh-CN': {
    attach: '发送文件',
    uploading: '正在上传 {name}…',
    notSent: '{name} 没有发出：{why}',
    gone: '文件已不在',
    awaited: '正在接收…',
    failed: '未能取得文件',
    tooLarge: '文件太大',
    broken: '图片无法识别或过大',
    notWritten: '未能转成文字',
    writeAgain: '再转一次',
  },
  'zh-TW': {
    attach: '傳送檔案',
    uploading: '正在上傳 {name}…',
    notSent: '{name} 沒有送出：{why}',
    gone: '檔案已不在',
    awaited: '正在接收…',
    failed: '未能取得檔案',
    tooLarge: '檔案太大',
    broken: '圖片無法辨識或過大',
    notWritten: '未能轉成文字',
    writeAgain: '再轉一次',
  },
  en: {
    attach: 'Send a file',
    uploading: 'Uploading {name}…',
    notSent: '{name} was not sent: {why}',
    gone: 'The file is gone',
    awaited: 'on its way…',
    failed: 'the file could not be had',
    tooLarge: 'the file is too large',
    broken: 'the picture cannot be read, or is too large',
    notWritten: 'It could not be written down',
    writeAgain: 'Try again',
  },
}
