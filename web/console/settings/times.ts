/** Moments as people read them. Pure. */
import type { Locale } from '../../i18n/locale.ts'

export const moment = (locale: Locale, at: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))
