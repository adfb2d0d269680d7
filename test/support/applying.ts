/**
 * Tests of what holds only in some places: an ability that not every connector has, a right that not every user has. Elsewhere there
 * is nothing to test, so nothing is registered and nothing counts as skipped. (For a server that is missing, see services.ts.)
 */
import { describe, test } from 'vitest'

type Register = (title: string, work: () => void | Promise<void>, timeoutMs?: number) => void

export function testWhen(applies: boolean): Register {
  return applies ? test : () => undefined
}

export function describeWhen(applies: boolean): (title: string, tests: () => void) => void {
  return applies ? describe : () => undefined
}
