/** On which channel an answer goes: how long the window of this one is open still, and which others there are, said before it is too late. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Conversation, listWays, type Way } from '../api-agent.ts'
import { wayTexts } from '../i18n/console-ways.ts'
import { fill } from '../i18n/locale.ts'
import { shortTime } from '../times.ts'
import { api } from './calls.ts'
import { hubNow, locale } from './store.ts'
import { chooseWay, chosenWay, knownWays } from './way-choice.ts'
import { standingOf } from './way-standing.ts'

const words = () => wayTexts[locale.value]

/** Above the place to write: a warning where the window closes or is closed, and the choice where there is one. */
export function Ways({ conversation }: { conversation: Conversation }) {
  const { id, channelId, replyWindow, lastNumber } = conversation
  const ways = useSignal<readonly Way[]>([])
  useEffect(() => {
    let isCurrent = true
    listWays(api, id).then(
      ({ data }) => {
        if (isCurrent) ways.value = data
        knownWays.value = { ...knownWays.peek(), ...Object.fromEntries(data.map((way) => [way.channelId, way])) }
      },
      // Answers take the conversation's own channel then, as ever.
      () => undefined,
    )
    return () => {
      isCurrent = false
    }
  }, [id, channelId, lastNumber])
  const takenId = chosenWay(id) ?? channelId
  const listed = ways.value.find((way) => way.channelId === takenId)
  // What the stream says of the conversation's own is newer than the list.
  const taken = listed && (listed.isCurrent ? { ...listed, replyWindow } : listed)
  const others = ways.value.filter((way) => way.channelId !== takenId && standingOf(way, hubNow.value) !== 'closed')
  const standing = taken ? standingOf(taken, hubNow.value) : standingOf({ isOpen: true, replyWindow }, hubNow.value)
  // A call is on a channel that takes no answer in writing, so it is not in the list.
  const isChoice = ways.value.length > (listed ? 1 : 0)
  if (standing === 'open' && !isChoice) return <WindowLine window={replyWindow} />
  return (
    <div class={standing === 'open' ? 'ways' : `ways is-${standing}`}>
      {standing !== 'open' && (
        <p role="status">
          {fill(words()[standing], { name: taken?.name ?? words().thisChannel })}{' '}
          {standing === 'ending' && <WindowLine window={taken?.replyWindow ?? replyWindow} />}{' '}
          {others.length === 0 && words().noOther}
        </p>
      )}
      {isChoice && (
        <label>
          {words().answerOn}
          <select value={takenId} onChange={({ currentTarget }) => chooseWay(id, currentTarget.value)}>
            {!listed && <option value={takenId}>{words().thisChannel}</option>}
            {ways.value.map((way) => (
              <option
                key={way.channelId}
                value={way.channelId}
                disabled={way.channelId !== takenId && standingOf(way, hubNow.value) === 'closed'}
              >
                {standingOf(way, hubNow.value) === 'closed' ? fill(words().closedOption, { name: way.name }) : way.name}
              </option>
            ))}
          </select>
        </label>
      )}
      {standing === 'open' && <WindowLine window={taken?.replyWindow ?? null} />}
      {standing !== 'open' &&
        others.slice(0, 3).map((way) => (
          <button type="button" key={way.channelId} onClick={() => chooseWay(id, way.channelId)}>
            {fill(words().takeOther, { name: way.name })}
          </button>
        ))}
    </div>
  )
}

/** Until when, and how often, the platform still takes answers. */
function WindowLine({ window }: { window: Conversation['replyWindow'] }) {
  if (window === null) return null
  const { expiresAt, usesLeft } = window
  const time = shortTime(locale.value, expiresAt, hubNow.value)
  return (
    <small class="soft">
      {usesLeft === null ? fill(words().window, { time }) : fill(words().windowUses, { time, count: usesLeft })}
    </small>
  )
}
