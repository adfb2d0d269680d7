/** The console's words, in the language of the moment. */
import { asProblem, Problem } from '../api.ts'
import { en } from '../i18n/console-en.ts'
import { type ConsoleTexts, zhCN } from '../i18n/console-zh-cn.ts'
import { zhTW } from '../i18n/console-zh-tw.ts'
import { fill, type Locale } from '../i18n/locale.ts'
import { locale } from './store.ts'

export const consoleTexts: Record<Locale, ConsoleTexts> = { 'zh-CN': zhCN, 'zh-TW': zhTW, en }

/** What to call a customer who has not told a name: the end of their id tells them apart. */
export const customerName = (name: string, id: string): string =>
  name.trim() || fill(t().visitor, { code: id.slice(-4) })

/** What an agent is told of a refusal: in their language where the code is known, else in the hub's words. */
export function refusalOf(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  const { code, message, errors } = typeof error === 'string' ? new Problem(409, error, '') : asProblem(error)
  const detail = errors.map((wrong) => `${wrong.pointer.replace(/^\//, '')} ${wrong.detail}`).join('; ')
  return own[code] ?? t().problems[code] ?? fill(t().refused, { why: detail || message || code })
}

/** Called while drawing, it draws again when the language changes. */
export const t = (): ConsoleTexts => consoleTexts[locale.value]

/** The hub's line of what was said last, with our words for what is no text: `[audio]` is its sign for a sound. */
export const previewText = (preview: string | null | undefined): string =>
  (preview ?? '').replace(
    /\[(image|audio|video|file|sticker|location|contact|forward)\]/g,
    (_, type: PartName) => t()[type],
  )

type PartName = 'image' | 'audio' | 'video' | 'file' | 'sticker' | 'location' | 'contact' | 'forward'
