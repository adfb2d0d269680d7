/**
 * The normal form of an address, by which it is found again however somebody writes it: telephone numbers as E.164, e-mail in
 * lower case. Everything else is the platform's own and stays as it is.
 */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js'

export interface NormalAddress {
  readonly address: string
  /** As it was written, where that is something else. */
  readonly given?: string
}

/** The region in which a number without a country code is read. `chosen` is the tenant's own word, `locale` is BCP 47. */
export function phoneRegion(chosen: unknown, locale: string): CountryCode {
  if (typeof chosen === 'string' && isSupportedCountry(chosen)) return chosen
  try {
    const region = new Intl.Locale(locale).maximize().region
    if (region !== undefined && isSupportedCountry(region)) return region
  } catch {
    // No locale at all: the country for which the hub is made.
  }
  return 'CN'
}

/**
 * The normal form; undefined for what is no such address. A number of up to six digits is one of a business's own exchange or a
 * short code (10086) and is kept as its digits.
 */
export function normalAddress(kind: string, address: string, region: CountryCode): NormalAddress | undefined {
  if (kind === 'email') return emailOf(address)
  if (kind === 'phone') return phoneOf(address, region)
  return { address }
}

function emailOf(address: string): NormalAddress | undefined {
  const normal = address.normalize('NFKC').trim().toLowerCase()
  if (!/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(normal)) return undefined
  return normal === address ? { address } : { address: normal, given: address }
}

function phoneOf(address: string, region: CountryCode): NormalAddress | undefined {
  // Full-width digits and the dashes of word processors are written too.
  const plain = address
    .normalize('NFKC')
    .replace(/[‐-―−]/g, '-')
    .trim()
  const digits = plain.replace(/\D/g, '')
  if (/^[\d\s-]+$/.test(plain) && digits.length >= 3 && digits.length <= 6) return as(digits, address)
  const number = parsePhoneNumberFromString(plain, region)
  return number?.isPossible() ? as(number.number, address) : undefined
}

function as(normal: string, given: string): NormalAddress {
  return normal === given ? { address: normal } : { address: normal, given }
}
