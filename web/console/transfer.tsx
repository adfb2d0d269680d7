/** Handing a conversation on (转接): to a skill group, or to a colleague whose state one sees before. */
import { useSignal } from '@preact/signals'
import type { Conversation, TransferTarget } from '../api-agent.ts'
import { transfer } from './actions.ts'
import { ColleagueList } from './colleagues.tsx'
import { Dialog } from './overlays.tsx'
import { hub } from './store.ts'
import { t } from './texts.ts'

export function TransferButton({ conversation }: { conversation: Conversation }) {
  const isOpen = useSignal(false)
  return (
    <>
      <button type="button" class="wide-act" onClick={() => (isOpen.value = true)}>
        {t().transfer}
      </button>
      {isOpen.value && <TransferDialog conversation={conversation} onClose={() => (isOpen.value = false)} />}
    </>
  )
}

export function TransferDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { groups, me } = hub.value
  const isBusy = useSignal(false)
  const isWarm = useSignal(false)
  const to = async (target: TransferTarget) => {
    isBusy.value = true
    const isDone = await transfer(conversation, target)
    isBusy.value = false
    if (isDone) onClose()
    return isDone
  }
  return (
    <Dialog label={t().transfer} onClose={onClose}>
      <section class="transfer">
        <h3>{t().transferToGroup}</h3>
        {conversation.assigneeId === me && (
          <label>
            <input
              type="checkbox"
              checked={isWarm.value}
              onChange={({ currentTarget }) => (isWarm.value = currentTarget.checked)}
            />
            {t().transferWarm}
          </label>
        )}
        {Object.entries(groups)
          .filter(([id]) => id !== conversation.groupId)
          .map(([id, name]) => (
            <button
              type="button"
              key={id}
              disabled={isBusy.value}
              onClick={() => void to(isWarm.value ? { groupId: id, warm: true } : { groupId: id })}
            >
              {name}
            </button>
          ))}
        <h3>{t().transferToAgent}</h3>
        <ColleagueList onlyFree except={[me, conversation.assigneeId]} choose={({ id }) => to({ memberId: id })} />
      </section>
    </Dialog>
  )
}
