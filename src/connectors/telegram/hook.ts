/** Telegram's calls, for a bot that is set up so. https://core.telegram.org/bots/api#setwebhook */
import type { Update } from 'node-telegram-bot-api'
import { type HookReply, type HookRequest, type HookResult, isSame, misplaced, refuse } from '../contract.ts'
import { hookSecret, type TelegramSettings } from './connector.ts'
import { fromUpdate } from './translate.ts'

export function hear(request: HookRequest, settings: TelegramSettings): HookResult {
  const { method, headers, body } = request
  const elsewhere = misplaced(request)
  if (elsewhere !== undefined) return elsewhere
  if (method !== 'POST') return refuse(405, 'Only POST is understood.')
  const isTelegram = isSame(headers['x-telegram-bot-api-secret-token'] ?? '', hookSecret(settings))
  if (settings.updates !== 'webhook' || !isTelegram) return refuse(403, 'The secret token is wrong.')
  const update = updateIn(body)
  if (update === undefined) return refuse(400, 'The body is not an update.')
  const event = fromUpdate(update)
  return { events: event === undefined ? [] : [event], reply: releasing(update) }
}

/** A pressed button turns until somebody says that it was noticed: that can be said in the answer. */
function releasing(update: Update): HookReply {
  if (!('callback_query' in update)) return { status: 200 }
  const body = JSON.stringify({ method: 'answerCallbackQuery', callback_query_id: update.callback_query.id })
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

function updateIn(body: Buffer): Update | undefined {
  try {
    const said: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    const isUpdate = said !== null && typeof said === 'object' && 'update_id' in said
    return isUpdate ? (said as Update) : undefined
  } catch {
    return undefined
  }
}
