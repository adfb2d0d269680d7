/** In which language somebody writes. Pure, but for the detector's tables, which are loaded when they are first needed. */

/** Scripts that tell a language by a single letter; kana before Han, since Japanese has both. */
const byScript: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Han}/u, 'zh'],
]

let detector: Promise<{ detect(text: string): { language: string; isReliable(): boolean } }> | undefined

/** Loads the tables (about 80 MB, a fifth of a second, once), so that languageOf can tell languages of one script apart. */
export async function loadLanguages(): Promise<LanguageOf> {
  detector ??= import('eld/extrasmall').then(({ eld }) => eld)
  const { detect } = await detector
  return (text) => languageOf(text, detect)
}

/** The ISO 639-1 code, or undefined when the text is too short or too mixed to say. */
export type LanguageOf = (text: string) => string | undefined

function languageOf(
  text: string,
  detect: (text: string) => { language: string; isReliable(): boolean },
): string | undefined {
  const letters = text.replace(/\P{L}+/gu, '')
  for (const [script, language] of byScript) {
    const count = letters.match(new RegExp(script, 'gu'))?.length ?? 0
    // One letter in four: a customer who writes "VIP客服" or "我要 refund" writes Chinese.
    if (count * 4 >= letters.length && count > 0) return language
  }
  const found = detect(text)
  return found.isReliable() && found.language !== '' ? found.language : undefined
}
