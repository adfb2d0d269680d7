import type { WidgetTexts } from './widget-zh-cn.ts'

/** The widget's words in traditional Chinese. */
export const texts: WidgetTexts = {
  title: '線上客服',
  greeting: '您好，請問有什麼可以為您服務？',
  placeholder: '請輸入訊息…',
  send: '傳送',
  close: '關閉',
  emoji: '表情符號',
  attach: '傳送檔案',
  mute: '關閉提示音',
  unmute: '開啟提示音',
  sending: '傳送中…',
  sent: '已傳送',
  read: '已讀',
  failed: '傳送失敗',
  retry: '重試',
  offline: '網路中斷，恢復後會自動送出訊息',
  unavailable: '客服暫時無法使用，請稍後再試',
  full: '未送出的訊息太多，請等網路恢復',
  typing: '對方正在輸入…',
  arranging: '正在為您安排客服…',
  ended: '本次對話已結束，繼續留言即可重新開始',
  agent: '客服 {name}',
  agentNumber: '客服 {name}（工號 {number}）',
  log: '對話紀錄',
}
