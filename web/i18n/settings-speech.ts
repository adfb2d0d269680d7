/** Words about the speech service. */
import type { Threefold } from './threefold.ts'

const all = <T extends Record<string, Threefold>>(words: T): T => words

export const speechWords = all({
  speech: ['语音服务', '語音服務', 'Speech'],
  speechHint: [
    '接入语音识别与合成服务：通话录音和语音消息转成文字，提示音用文字生成。',
    '接入語音辨識與合成服務：通話錄音和語音訊息轉成文字，提示音用文字產生。',
    'A service that writes down what is spoken and speaks what is written: recordings, voice messages, prompts.',
  ],
  account: ['服务', '服務', 'The service'],
  url: ['服务地址', '服務位址', 'Address'],
  urlHint: [
    '以 /v1 结尾的接口地址，如 https://speech.example/v1。不填则使用系统统一的服务。',
    '以 /v1 結尾的介面位址，如 https://speech.example/v1。不填則使用系統統一的服務。',
    'Up to /v1, such as https://speech.example/v1. Empty: the service of the hub.',
  ],
  key: ['密钥', '金鑰', 'Key'],
  keyHint: ['更换地址后需要重新填写', '更換位址後需要重新填寫', 'To be given anew with another address'],
  speechModel: ['合成模型', '合成模型', 'Model for speaking'],
  voice: ['发音人', '發音人', 'Voice'],
  transcriptionModel: ['识别模型', '辨識模型', 'Model for writing down'],
  asHub: ['不填则用系统默认', '不填則用系統預設', 'As the hub says, unless said'],
  language: ['主要语言', '主要語言', 'Language'],
  anyLanguage: ['自动识别', '自動辨識', 'Found out'],
  zh: ['中文', '中文', 'Chinese'],
  en: ['英语', '英語', 'English'],
  automatic: ['自动转文字', '自動轉文字', 'Written down by itself'],
  transcribeCalls: ['通话录音', '通話錄音', 'Recordings of calls'],
  transcribeMessages: ['客户发来的语音消息', '客戶傳來的語音訊息', 'Voice messages of customers'],
  automaticHint: [
    '录音会发送到上面的服务。请确认已按法规告知客户。',
    '錄音會傳送到上面的服務。請確認已依法規告知客戶。',
    'The sounds are sent to the service above. See to it that customers are told, where the law wants it.',
  ],
  missing: [
    '还没有可用的语音服务：请填写服务地址。',
    '還沒有可用的語音服務：請填寫服務位址。',
    'There is no speech service yet: give its address.',
  ],
  failing: ['{time} 起转文字失败：{detail}', '{time} 起轉文字失敗：{detail}', 'It has failed since {time}: {detail}'],
  test: ['测试服务', '測試服務', 'Test the service'],
})
