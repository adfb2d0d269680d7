/** The keys of a telephone, for menus of others. */
import { pressDigits } from '../../api-calls.ts'
import { api } from '../calls.ts'
import type { Act } from './consult.tsx'
import { words } from './words.ts'

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const

export function Keys({ callId, act }: { callId: string; act: Act }) {
  return (
    <fieldset class="keys" aria-label={words().keys}>
      {keys.map((key) => (
        <button type="button" key={key} onClick={() => void act(pressDigits(api, callId, key))}>
          {key}
        </button>
      ))}
    </fieldset>
  )
}
