/** Where the columns of a table go, and what all its rows are given. */
import type { ContactField, ContactGroup, ContactImport, ImportPlan } from '../../api-contacts.ts'
import { fill } from '../../i18n/locale.ts'
import { Card } from '../settings/parts.tsx'
import { tagsOf } from './new.tsx'
import { words } from './words.ts'

const plain = ['name', 'phone', 'email', 'company', 'province', 'city', 'tags', 'note'] as const

interface Props {
  one: ContactImport
  plan: ImportPlan
  groups: readonly ContactGroup[]
  fields: readonly ContactField[]
  onChange: (change: Partial<ImportPlan>) => void
}

export function ImportMapping({ one, plan, groups, fields, onChange }: Props) {
  return (
    <>
      <Card title={words().columns} hint={fill(words().rows, { count: one.total })}>
        <div class="table">
          <table>
            <thead>
              <tr>
                {(['column', 'samples', 'target'] as const).map((key) => (
                  <th key={key} scope="col">
                    {words()[key]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {one.columns.map(({ name, samples }, index) => (
                <tr key={index}>
                  <th scope="row">{name || `${words().column} ${index + 1}`}</th>
                  <td class="is-long">{samples.filter(Boolean).slice(0, 3).join(' · ')}</td>
                  <td>
                    <TargetChoice
                      column={name || `${words().column} ${index + 1}`}
                      target={plan.mapping[index] ?? null}
                      fields={fields}
                      onChoose={(target) =>
                        onChange({ mapping: plan.mapping.map((had, at) => (at === index ? target : had)) })
                      }
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card>
        <div class="field">
          <label for="import-match">{words().onMatch}</label>
          <select
            id="import-match"
            value={plan.onMatch}
            onChange={({ currentTarget }) => onChange({ onMatch: currentTarget.value === 'skip' ? 'skip' : 'update' })}
          >
            {(['update', 'skip'] as const).map((one) => (
              <option key={one} value={one} selected={plan.onMatch === one}>
                {words()[one]}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="import-tags">{words().giveTags}</label>
          <input
            id="import-tags"
            maxLength={500}
            defaultValue={plan.tags.join('，')}
            placeholder={words().tagsHint}
            onChange={({ currentTarget }) => onChange({ tags: tagsOf(currentTarget.value) })}
          />
        </div>
        <div class="field">
          <label for="import-group">{words().giveGroup}</label>
          <select
            id="import-group"
            value={plan.groupId ?? ''}
            onChange={({ currentTarget }) => onChange({ groupId: currentTarget.value || null })}
          >
            <option value="">{words().noGroup}</option>
            {groups.map(({ id, name }) => (
              <option key={id} value={id} selected={plan.groupId === id}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </Card>
    </>
  )
}

function TargetChoice(props: {
  column: string
  target: string | null
  fields: readonly ContactField[]
  onChoose: (target: string | null) => void
}) {
  const { column, target, fields, onChoose } = props
  const entries: [string, string][] = [
    ['', words().leaveOut],
    ...plain.map((key): [string, string] => [key, words()[key]]),
    ...fields.map(({ key, label }): [string, string] => [`attribute:${key}`, label]),
    ['ext:crm', words().ext],
  ]
  // What it is now, should it be none of these; and an attribute that is called as the column is.
  const own = `attribute:${column.trim().slice(0, 64)}`
  for (const extra of [target ?? '', own]) {
    if (entries.some(([value]) => value === extra)) continue
    const named = extra.startsWith('attribute:') ? fill(words().newAttribute, { name: extra.slice(10) }) : extra
    entries.push([extra, named])
  }
  return (
    <select
      aria-label={`${words().target} ${column}`}
      value={target ?? ''}
      onChange={({ currentTarget }) => onChoose(currentTarget.value || null)}
    >
      {entries.map(([value, text]) => (
        <option key={value} value={value} selected={value === (target ?? '')}>
          {text}
        </option>
      ))}
    </select>
  )
}
