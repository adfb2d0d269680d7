/** Why a conversation went to whom it went, and why not to the others. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Explanation, explainRouting } from '../../api-monitor.ts'
import { fill } from '../../i18n/locale.ts'
import { dateTime, shortTime } from '../../times.ts'
import { api } from '../calls.ts'
import { Dialog } from '../overlays.tsx'
import { hub, hubNow, locale } from '../store.ts'
import { refusalOf } from '../texts.ts'
import { actOf, nameOf, said, words } from './words.ts'

export function ExplanationDialog({ conversationId, onClose }: { conversationId: string; onClose: () => void }) {
  const found = useSignal<Explanation | undefined>(undefined)
  const refused = useSignal('')
  useEffect(() => {
    explainRouting(api, conversationId, locale.value).then(
      (explanation) => (found.value = explanation),
      (error: unknown) => (refused.value = refusalOf(error)),
    )
  }, [])
  return (
    <Dialog label={words().why} onClose={onClose}>
      {refused.value && <p class="failure">{refused.value}</p>}
      {found.value && <Now {...found.value} />}
      {found.value && <Past {...found.value} />}
    </Dialog>
  )
}

function Now({ now, unrouted }: Explanation) {
  if (!now) return <p class="soft">{unrouted ? said(unrouted.sentence) : words().nothingOpen}</p>
  const { state, sentence, groupId, ahead, waiting, step, steps, nextStepAt, priority, agents } = now
  const facts = [
    hub.value.groups[groupId],
    ahead !== null && waiting !== null && fill(words().place, { place: ahead + 1, waiting }),
    steps > 1 && fill(words().step, { step: step + 1, steps }),
    nextStepAt && fill(words().nextStep, { time: shortTime(locale.value, nextStepAt, hubNow.value) }),
    priority !== 0 && fill(words().priority, { priority }),
  ].filter(Boolean)
  return (
    <section class="why">
      <h3>{words().standing}</h3>
      <p>{facts.join(' · ')}</p>
      {state !== 'waiting' && <p>{said(sentence)}</p>}
      <ul class="plain">
        {agents.map((agent) => (
          <li key={agent.memberId} class={`stands is-${agent.role}`}>
            <strong>{nameOf(agent.memberId)}</strong> <span>{said(agent.sentence)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Past({ entry, passes, history }: Explanation) {
  return (
    <section class="why">
      <h3>{words().past}</h3>
      {entry && <p>{entry.sentence}</p>}
      <ul class="plain">
        {passes.map(({ at, groupId, sentence }) => (
          <li key={at + groupId}>
            <time class="soft">{dateTime(locale.value, at)}</time> {hub.value.groups[groupId]} {sentence}
          </li>
        ))}
      </ul>
      {history.length === 0 && <p class="soft">{words().nothingYet}</p>}
      <ol class="plain">
        {history.map((step) => (
          <li key={step.at + step.type + step.memberId}>
            <time class="soft">{dateTime(locale.value, step.at)}</time> {actOf(step)}
            {step.type === 'declined' && step.reason && <q>{step.reason}</q>}
            {step.sentence && <p class="soft">{step.sentence}</p>}
          </li>
        ))}
      </ol>
    </section>
  )
}
