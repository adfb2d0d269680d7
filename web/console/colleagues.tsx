/** Choosing a colleague, whose state one sees before. */
import { useSignal } from '@preact/signals'
import type { Member, Presence } from '../api-agent.ts'
import { Dialog } from './overlays.tsx'
import { hub } from './store.ts'
import { t } from './texts.ts'

interface Props {
  /** Resolves with whether it was done. */
  choose: (member: Member) => Promise<boolean>
  /** Who cannot be chosen anyway. */
  except?: readonly (string | null)[]
  /** Only those who could take a conversation at this moment. */
  onlyFree?: boolean
}

export function ColleagueList({ choose, except = [], onlyFree = false }: Props) {
  const { members, presence } = hub.value
  const isBusy = useSignal(false)
  const colleagues = Object.values(members)
    .filter(({ id, disabled }) => !disabled && !except.includes(id))
    .map((member) => ({ member, state: presence[member.id] }))
    .sort((a, b) => rank(a.state) - rank(b.state) || a.member.name.localeCompare(b.member.name))
  return (
    <>
      {colleagues.map(({ member, state }) => (
        <button
          type="button"
          key={member.id}
          disabled={isBusy.value || (onlyFree && rank(state) > 0)}
          onClick={async () => {
            isBusy.value = true
            await choose(member)
            isBusy.value = false
          }}
        >
          {member.name} {member.number} · {t()[state?.state ?? 'offline']}
          {state && state.capacity > 0 && ` ${state.used}/${state.capacity}`}
        </button>
      ))}
    </>
  )
}

export function ColleagueDialog({ label, onClose, choose, ...rest }: Props & { label: string; onClose: () => void }) {
  return (
    <Dialog label={label} onClose={onClose}>
      <section class="transfer">
        <ColleagueList
          {...rest}
          choose={async (member) => {
            const isDone = await choose(member)
            if (isDone) onClose()
            return isDone
          }}
        />
      </section>
    </Dialog>
  )
}

/** Who could take it comes first. */
function rank(presence: Presence | undefined): number {
  if (presence?.state !== 'online') return 2
  return presence.used < presence.capacity ? 0 : 1
}
