/** An agent's number outside was picked up, by whoever or whatever: only a key says that somebody is there (no voicemail presses one). */
import type { CallMedia } from './media.ts'
import type { Prompts } from './prompts.ts'
import type { Leg } from './signalling.ts'

/** How often it is said, and how long it is waited for the key after each time. */
const times = 3
const waitMs = 4000

/** Says what is to be done and waits. Resolves whether 1 was pressed, by RFC 4733 or SIP INFO; false also where they hung up. Never rejects. */
export async function isOnePressed(line: CallMedia | undefined, leg: Leg, prompts: Prompts): Promise<boolean> {
  if (line === undefined) return false
  let settle: (isPressed: boolean) => void = () => {}
  const pressed = new Promise<boolean>((resolve) => {
    settle = resolve
  })
  line.onKey((_, key) => key === '1' && settle(true))
  leg.onKey((key) => key === '1' && settle(true))
  leg.onGone(() => settle(false))
  const ask = async () => {
    for (let time = 0; time < times; time++) {
      await line.play(prompts.of('press-one'))
      const isPressed = await Promise.race([pressed, after(waitMs)])
      if (isPressed !== undefined) return
    }
    settle(false)
  }
  ask().catch(() => settle(false))
  const isPressed = await pressed
  await line.stop().catch(() => {})
  return isPressed
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref())
}
