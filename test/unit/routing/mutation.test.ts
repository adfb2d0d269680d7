/** The claims of properties.test.ts are worth something: faults planted in the engine are found by them. All of them: `node test/unit/routing/mutants.ts`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isFound, MUTANTS } from './mutants.ts'

/** Of each kind some that are found within a second or so. */
const planted = [
  'priority counts the wrong way',
  'a requeued item goes to the back',
  'capacity is exceeded by one',
  'the last unit is never used',
  'the limit of a medium is forgotten',
  'an offer reserves nothing',
  'a decliner is asked again at once',
  'offers stay with whoever left',
  'a freed agent is not looked at',
  'ties end the other way round',
  'tiers are ignored',
  'offers expire a little late',
  'anybody may accept',
  'a skill one level short will do',
  'several asked at once all keep the offer',
  'parking frees nothing',
  'what is parked is taken when its holder goes',
  'what is put off is still offered',
  'a closed medium is given',
]

test('every fault can be planted: what it changes is there', () => {
  const folder = join(import.meta.dirname, '../../../src/routing')
  const gone = MUTANTS.filter(([, file, text]) => !readFileSync(join(folder, file), 'utf8').includes(text))
  expect(gone.map(([name]) => name)).toEqual([])
})

describe('a fault that is planted is found', { timeout: 120_000 }, () => {
  test.each(planted)('%s', (name) => {
    const mutant = MUTANTS.find(([known]) => known === name)
    expect(mutant).toBeDefined()
    // By a claim that names what is broken, not because the copy could not be run.
    expect(isFound(mutant)).toEqual({
      found: true,
      by: expect.stringMatching(/^(I\d+ |the reason given|Expected values)/),
    })
  })
})
