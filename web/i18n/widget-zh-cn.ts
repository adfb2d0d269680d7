/** The widget's words in simplified Chinese; the other languages have the same keys. */
export const texts = {
  title: '在线客服',
  greeting: '您好，请问有什么可以帮您？',
  placeholder: '请输入消息…',
  send: '发送',
  close: '关闭',
  emoji: '表情',
  attach: '发送文件',
  mute: '关闭提示音',
  unmute: '打开提示音',
  sending: '发送中…',
  sent: '已发送',
  read: '已读',
  failed: '发送失败',
  retry: '重试',
  offline: '网络不通，消息会在恢复后自动发出',
  unavailable: '客服暂时无法使用，请稍后再试',
  full: '未发出的消息太多，请等网络恢复',
  typing: '对方正在输入…',
  arranging: '正在为您安排客服…',
  ended: '本次会话已结束，继续留言即可重新开始',
  agent: '客服 {name}',
  agentNumber: '客服 {name}（工号 {number}）',
  log: '聊天记录',
}

export type WidgetTexts = typeof texts
