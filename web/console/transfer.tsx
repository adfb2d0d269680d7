/** Handing a conversation on (转接): to a skill group, or to a colleague whose state one sees before. */
import { useSignal } from '@preact/signals'
import type { Conversation, Presence } from '../api-agent.ts'
import { transfer } from './actions.ts'
import { Dialog } from './overlays.tsx'
import { hub } from './store.ts'
import { t } from './texts.ts'

export function TransferButton({ conversation }: { conversation: Conversation }) {
  const isOpen = useSignal(false)
  return (
    <>
      <button type="button" onClick={() => (isOpen.value = true)}>
        {t().transfer}
      </button>
      {isOpen.value && <TransferDialog conversation={conversation} onClose={() => (isOpen.value = false)} />}
    </>
  )
}

function TransferDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { groups, members, presence, me } = hub.value
  const isBusy = useSignal(false)
  const to = async (target: { groupId: string } | { memberId: string }) => {
    isBusy.value = true
    if (await transfer(conversation, target)) onClose()
    isBusy.value = false
  }
  const colleagues = Object.values(members)
    .filter(({ id, disabled }) => id !== me && !disabled)
    .map((member) => ({ member, state: presence[member.id] }))
    .sort((a, b) => rank(a.state) - rank(b.state))
  return (
    <Dialog label={t().transfer} onClose={onClose}>
      <section class="transfer">
        <h3>{t().transferToGroup}</h3>
        {Object.entries(groups)
          .filter(([id]) => id !== conversation.groupId)
          .map(([id, name]) => (
            <button type="button" key={id} disabled={isBusy.value} onClick={() => void to({ groupId: id })}>
              {name}
            </button>
          ))}
        <h3>{t().transferToAgent}</h3>
        {colleagues.map(({ member, state }) => (
          <button
            type="button"
            key={member.id}
            disabled={isBusy.value || rank(state) > 0}
            onClick={() => void to({ memberId: member.id })}
          >
            {member.name} {member.number} · {t()[state?.state ?? 'offline']}
            {state && state.capacity > 0 && ` ${state.used}/${state.capacity}`}
          </button>
        ))}
      </section>
    </Dialog>
  )
}

/** Who could take it comes first. */
function rank(presence: Presence | undefined): number {
  if (presence?.state !== 'online') return 2
  return presence.used < presence.capacity ? 0 : 1
}
