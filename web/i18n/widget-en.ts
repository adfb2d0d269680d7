import type { WidgetTexts } from './widget-zh-cn.ts'

/** The widget's words in English. */
export const texts: WidgetTexts = {
  title: 'Chat with us',
  greeting: 'Hello! How can we help you?',
  placeholder: 'Write a message…',
  send: 'Send',
  close: 'Close',
  emoji: 'Emoji',
  attach: 'Send a file',
  mute: 'Mute sounds',
  unmute: 'Unmute sounds',
  sending: 'Sending…',
  sent: 'Sent',
  read: 'Read',
  failed: 'Not sent',
  retry: 'Retry',
  offline: 'No connection. Your messages will be sent when it is back.',
  unavailable: 'Chat is not available right now. Please try again later.',
  full: 'Too many unsent messages. Please wait for the connection.',
  typing: 'Typing…',
  arranging: 'Finding somebody for you…',
  ended: 'This conversation has ended. Write again to start a new one.',
  agent: '{name}',
  agentNumber: '{name} (No. {number})',
  log: 'Conversation',
}
