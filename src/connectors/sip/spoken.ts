/** Numbers and places in line as pieces of speech that the hub ships (config/prompts). Pure. */

export type Language = 'zh' | 'en'

/** A whole number from 0, as it is said; what is beyond 99,999 is said as that. */
export function numberPieces(number: number, language: Language): string[] {
  const whole = Math.max(0, Math.min(99_999, Math.trunc(number)))
  return language === 'zh' ? chinese(whole) : english(whole)
}

/** 「您当前排在第三位」, and how long it will be where that is known. */
export function placePieces(position: number, waitMs: number | null, language: Language): string[] {
  const place = ['position-before', ...numberPieces(position, language), 'position-after']
  if (waitMs === null) return place
  const minutes = Math.round(waitMs / 60_000)
  if (minutes < 1) return [...place, 'wait-soon']
  return [...place, 'wait-before', ...numberPieces(minutes, language), minutes === 1 ? 'wait-minute' : 'wait-minutes']
}

const units: readonly [number, string][] = [
  [10_000, '10000'],
  [1000, '1000'],
  [100, '100'],
  [10, '10'],
]

function chinese(number: number): string[] {
  const pieces: string[] = []
  let rest = number
  let isGap = false
  for (const [size, piece] of units) {
    const count = Math.trunc(rest / size)
    rest %= size
    if (count === 0) {
      isGap ||= pieces.length > 0
      continue
    }
    if (isGap) pieces.push('0')
    isGap = false
    // Ten alone is 十, not 一十.
    if (!(size === 10 && count === 1 && pieces.length === 0)) pieces.push(String(count))
    pieces.push(piece)
  }
  if (rest > 0 || pieces.length === 0) pieces.push(...(isGap && rest > 0 ? ['0'] : []), String(rest))
  return pieces
}

function english(number: number): string[] {
  if (number >= 1000) return [...english(Math.trunc(number / 1000)), '1000', ...rest(number % 1000)]
  if (number >= 100) return [String(Math.trunc(number / 100)), '100', ...rest(number % 100)]
  if (number <= 20) return [String(number)]
  return [String(Math.trunc(number / 10) * 10), ...rest(number % 10)]
}

function rest(number: number): string[] {
  return number === 0 ? [] : english(number)
}
