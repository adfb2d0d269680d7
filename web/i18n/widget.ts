/** The widget's words. Each language is a file of its own, so that a visitor loads one. */
import type { Locale } from './locale.ts'
import type { WidgetTexts } from './widget-zh-cn.ts'

export type { WidgetTexts }

const load: Record<Locale, () => Promise<{ texts: WidgetTexts }>> = {
  'zh-CN': () => import('./widget-zh-cn.ts'),
  'zh-TW': () => import('./widget-zh-tw.ts'),
  en: () => import('./widget-en.ts'),
}

export const loadWidgetTexts = async (locale: Locale): Promise<WidgetTexts> => (await load[locale]()).texts
