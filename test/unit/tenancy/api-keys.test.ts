import { expect, test } from 'vitest'
import { looksLikeApiKey } from '../../../src/core/tenancy/api-keys.ts'

const body = `tbk_AbCd-_12_${'s'.repeat(43)}`

test('a key carries the checksum of the rest of it', () => {
  expect(looksLikeApiKey(`${body}_04VQpe`)).toBe(true)
  expect(looksLikeApiKey(`${body.replace('ssss', 'ssts')}_04VQpe`)).toBe(false)
  expect(looksLikeApiKey(`${body}_0000aa`)).toBe(false)
  expect(looksLikeApiKey(body)).toBe(false)
})
