/** The console's words, in the language of the moment. */
import { en } from '../i18n/console-en.ts'
import { type ConsoleTexts, zhCN } from '../i18n/console-zh-cn.ts'
import { zhTW } from '../i18n/console-zh-tw.ts'
import { fill, type Locale } from '../i18n/locale.ts'
import { locale } from './store.ts'

export const consoleTexts: Record<Locale, ConsoleTexts> = { 'zh-CN': zhCN, 'zh-TW': zhTW, en }

/** What to call a customer who has not told a name: the end of their id tells them apart. */
export const customerName = (name: string, id: string): string =>
  name.trim() || fill(t().visitor, { code: id.slice(-4) })

/** Called while drawing, it draws again when the language changes. */
export const t = (): ConsoleTexts => consoleTexts[locale.value]
