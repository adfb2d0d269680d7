/** Groups of contacts, where they are named. */
import { type ContactGroup, createContactGroup, removeContactGroup, renameContactGroup } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { contactWords } from '../../i18n/settings-desk.ts'
import { api } from '../calls.ts'
import { formatArea } from '../route.ts'
import { FormEnd, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, Card, confirmed } from './parts.tsx'
import { words } from './words.ts'

/** Each with how many are in it, who they are, its name to be changed, and a field for a new one. */
export function ContactGroups({
  groups,
  onChange,
}: {
  groups: readonly ContactGroup[]
  onChange: () => Promise<void>
}) {
  const w = words(contactWords)
  const s = words(settingsWords)
  const form = useForm({ name: '' })
  const rename = async (group: ContactGroup, name: string) => {
    if (name.trim() === '' || name === group.name) return
    await attempt(() => renameContactGroup(api, group, name), s.saved)
    await onChange()
  }
  const remove = async (group: ContactGroup) => {
    const asked = { title: fill(w.removeGroup, { name: group.name }), text: w.removeGroupText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeContactGroup(api, group), s.removed))) await onChange()
  }
  return (
    <Card title={w.groups}>
      {groups.length === 0 && <p class="hint">{w.noGroups}</p>}
      <ul class="lines">
        {groups.map((group) => (
          <li key={group.id} class="line">
            <input
              aria-label={`${s.name} ${group.name}`}
              defaultValue={group.name}
              maxLength={100}
              onChange={({ currentTarget }) => void rename(group, currentTarget.value)}
            />
            <a href={formatArea('customers', [], { group: group.id })}>{fill(w.people, { count: group.count })}</a>
            <button
              type="button"
              class="danger"
              aria-label={`${s.remove} ${group.name}`}
              onClick={() => void remove(group)}
            >
              {s.remove}
            </button>
          </li>
        ))}
      </ul>
      <form
        class="sub-form"
        onSubmit={(event) => {
          event.preventDefault()
          void form
            .submit(({ name }) => createContactGroup(api, name))
            .then((done) => {
              if (!done) return
              form.reset({ name: '' })
              void onChange()
            })
        }}
      >
        <TextField form={form} at="/name" label={w.addGroup} required maxLength={100} />
        <FormEnd form={form} label={s.add} />
      </form>
    </Card>
  )
}
