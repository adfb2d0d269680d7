import { expect, test } from 'vitest'
import { hashPassword, isOutdated, verifyPassword } from '../../../src/core/tenancy/passwords.ts'

test('a password is known again, another one is not', async () => {
  const stored = await hashPassword('correct horse')
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await verifyPassword('correct horse', stored)).toBe(true)
  expect(await verifyPassword('correct horsf', stored)).toBe(false)
  expect(await verifyPassword('', stored)).toBe(false)
})

test('equal passwords are stored differently', async () => {
  expect(await hashPassword('12345678')).not.toBe(await hashPassword('12345678'))
})

test('a password typed in composed or decomposed letters is the same password', async () => {
  const stored = await hashPassword('Crème brûlée'.normalize('NFC'))
  expect(await verifyPassword('Crème brûlée'.normalize('NFD'), stored)).toBe(true)
})

test.each([null, undefined, '', 'plain', '$2b$10$abcdefghijklmnopqrstuv', '$argon2id$v=19$m=0$x$y'])(
  'what is not a stored password is nobody’s: %j',
  async (stored) => {
    expect(await verifyPassword('', stored)).toBe(false)
    expect(await verifyPassword('12345678', stored)).toBe(false)
  },
)

test('a string of older parameters still verifies, and asks to be made anew', async () => {
  // Made by crypto.argon2 with 8 MiB and 3 passes over "12345678".
  const older = '$argon2id$v=19$m=8192,t=3,p=1$AQEBAQEBAQEBAQEBAQEBAQ$lMafcNTYz1tx+//fHf0JEeOdMudyYPQH1Un9MXNLP5k'
  expect(isOutdated(older)).toBe(true)
  expect(isOutdated(await hashPassword('12345678'))).toBe(false)
  expect(await verifyPassword('12345678', older)).toBe(true)
})

test('more hashes than run at once all come to their end', async () => {
  const stored = await hashPassword('12345678')
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => verifyPassword(index % 2 === 0 ? '12345678' : 'wrong', stored)),
  )
  expect(answers).toEqual(Array.from({ length: 12 }, (_, index) => index % 2 === 0))
})

test('a queue of hashes that has grown too long refuses the rest instead of growing', async () => {
  const stored = await hashPassword('12345678')
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => verifyPassword('12345678', stored)))
  const refused = answers.filter((answer) => answer.status === 'rejected')
  expect(refused).toHaveLength(100 - 4 - 64)
  expect(refused[0]).toMatchObject({ reason: { code: 'login-busy' } })
})
