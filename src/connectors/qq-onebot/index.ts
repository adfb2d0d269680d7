/** A QQ account behind a gateway that speaks OneBot v11 (NapCat, LLBot and others): https://github.com/botuniverse/onebot-11 */
import type { ConnectorKind } from '../contract.ts'
import { hear, refusalOf } from './hook.ts'
import { open, openSocket } from './open.ts'
import { probe } from './probe.ts'
import { config, connectionOf } from './settings.ts'

export const qqOnebot: ConnectorKind<typeof config> = {
  kind: 'qq-onebot',
  title: 'QQ (OneBot)',
  titles: { 'zh-CN': 'QQ（OneBot）', 'zh-TW': 'QQ（OneBot）' },
  config,
  capabilities: {
    // Places, links and the like are in the standard, but gateways of today do not send them: they go in words.
    parts: {
      text: {},
      image: { maxBytes: 30_000_000, maxCaption: 2000 },
      audio: { maxBytes: 30_000_000, maxCaption: 0 },
      video: { maxBytes: 100_000_000, maxCaption: 0 },
      file: { maxBytes: 1_000_000_000, maxCaption: 0 },
      sticker: { maxBytes: 30_000_000, maxCaption: 0 },
    },
    carries: 'part',
    // QQ names no limit; beyond about 4,500 characters its programs refuse.
    text: { maxCharacters: 4000 },
    // To friends, and in groups.
    initiate: 'always',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: true, everyMs: 5000 },
    // OneBot v11 names no limit (its delete_msg takes an id, and answers nothing); this is QQ's own for people. Who administers a group may longer.
    recall: { withinMs: 120_000 },
    sendTimeoutMs: 110_000,
    // No figure is published; whoever writes faster than people do is soon logged out.
    pace: [{ scope: 'account', max: 10, perMs: 2000 }],
  },
  // A gateway has one connection, and who sends must know of its login.
  exclusive: true,

  open,
  hook: hear,
  accept: {
    applies: (settings) => connectionOf(settings) === 'reverse-websocket',
    refuse: refusalOf,
    open: (socket, _request, settings, hub) => openSocket(socket, settings, hub),
  },
  probe,
}
