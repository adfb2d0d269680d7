/** Spans of time in words. */
import { fill } from '../i18n/locale.ts'
import { t } from './texts.ts'

/** A span of time, as coarse as a queue needs it. */
export function lasting(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 1) return t().lessThanMinute
  if (minutes < 60) return fill(t().minutes, { minutes })
  return fill(t().hours, { hours: Math.floor(minutes / 60), minutes: minutes % 60 })
}
