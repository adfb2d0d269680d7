/** The widget's words about files and other parts that are no text: they come with what needs them. */
import type { PartTexts } from '../parts.ts'
import type { Locale } from './locale.ts'

export interface MoreTexts extends PartTexts {
  recalled: string
  uploading: string
  failed: string
  'file-too-large': string
  'picture-refused': string
  'files-exceeded': string
}

export const moreTexts: Record<Locale, MoreTexts> = {
  'zh-CN': {
    image: '[图片]',
    audio: '[语音]',
    video: '[视频]',
    file: '[文件]',
    sticker: '[表情]',
    location: '[位置]',
    contact: '[名片]',
    forward: '[聊天记录]',

    recalled: '消息已撤回',
    uploading: '正在上传 {name}…',
    failed: '{name} 没有发出，请稍后再试',
    'file-too-large': '{name} 太大，没有发出',
    'picture-refused': '{name} 无法识别或过大，没有发出',
    'files-exceeded': '今天发送的文件太多，{name} 没有发出',
  },
  'zh-TW': {
    image: '[圖片]',
    audio: '[語音]',
    video: '[影片]',
    file: '[檔案]',
    sticker: '[貼圖]',
    location: '[位置]',
    contact: '[名片]',
    forward: '[對話紀錄]',

    recalled: '訊息已收回',
    uploading: '正在上傳 {name}…',
    failed: '{name} 沒有送出，請稍後再試',
    'file-too-large': '{name} 太大，沒有送出',
    'picture-refused': '{name} 無法辨識或過大，沒有送出',
    'files-exceeded': '今天傳送的檔案太多，{name} 沒有送出',
  },
  en: {
    image: '[Image]',
    audio: '[Voice message]',
    video: '[Video]',
    file: '[File]',
    sticker: '[Sticker]',
    location: '[Location]',
    contact: '[Contact card]',
    forward: '[Forwarded messages]',

    recalled: 'Message taken back',
    uploading: 'Uploading {name}…',
    failed: '{name} was not sent. Please try again later.',
    'file-too-large': '{name} was not sent: it is too large.',
    'picture-refused': '{name} was not sent: it cannot be read, or is too large.',
    'files-exceeded': '{name} was not sent: too many files for one day.',
  },
}
