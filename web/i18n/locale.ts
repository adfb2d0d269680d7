/** Which of our languages a page speaks. */

export type Locale = 'zh-CN' | 'zh-TW' | 'en'

export const locales: readonly Locale[] = ['zh-CN', 'zh-TW', 'en']

/** The first of the wanted languages (BCP 47) that we have; any Chinese finds a Chinese; otherwise English. */
export function pickLocale(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return /-(hant|tw|hk|mo)\b/i.test(tag) ? 'zh-TW' : 'zh-CN'
    if (/^en\b/i.test(tag)) return 'en'
  }
  return 'en'
}

/** Puts values in the places that `{name}` marks. */
export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

/** What each calls itself. */
export const localeNames: Record<Locale, string> = { 'zh-CN': '简体中文', 'zh-TW': '繁體中文', en: 'English' }
