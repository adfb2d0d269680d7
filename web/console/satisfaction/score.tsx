/** What the customer said of one conversation, for whoever may know. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { listSatisfaction, type Satisfaction } from '../../api-satisfaction.ts'
import { api } from '../calls.ts'
import { onFrames } from '../connection.ts'
import { scoreText, words } from './words.ts'

export function Score({ conversationId }: { conversationId: string }) {
  const asked = useSignal<Satisfaction | undefined>(undefined)
  useEffect(() => {
    asked.value = undefined
    listSatisfaction(api, { conversationId }, undefined, 1).then(
      ({ data: [found] }) => (asked.value = found),
      () => undefined,
    )
    return onFrames(({ data }) => {
      const { satisfaction } = (data ?? {}) as { satisfaction?: Satisfaction }
      if (satisfaction?.conversationId === conversationId) asked.value = satisfaction
    })
  }, [conversationId])
  if (!asked.value) return null
  const { comment, tags } = asked.value
  return (
    <div>
      <dt>{words().satisfaction}</dt>
      <dd>{[scoreText(asked.value), tags.join('、'), comment].filter(Boolean).join(' · ')}</dd>
    </div>
  )
}
