/** The languages in which the hub itself speaks, and which of them somebody reads. */
export const languages = ['zh-CN', 'zh-TW', 'en'] as const
export type Language = (typeof languages)[number]

/** The language in which whoever asks over the API reads the hub's own sentences; English unless they say. */
export const languageFor = (request: {
  readonly headers: { readonly 'accept-language'?: string | undefined }
}): Language => languageOf(request.headers['accept-language'], 'en')

/** The first of those accepted that the hub speaks (RFC 9110, 12.5.4, without weights). */
export function languageOf(accepted: string | undefined, otherwise: Language): Language {
  for (const wanted of (accepted ?? '').split(',')) {
    const language = wanted.split(';')[0]?.trim().toLowerCase() ?? ''
    if (/^zh-(hant|tw|hk|mo)\b/.test(language)) return 'zh-TW'
    if (/^zh\b/.test(language)) return 'zh-CN'
    if (/^en\b/.test(language)) return 'en'
  }
  return otherwise
}
