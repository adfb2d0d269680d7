/** Entry rules (智能分流): the list in its order, one to edit, trying them, and what decides first. */
import { type EntryRule, removeEntryRule, updateEntryRule } from '../../api-entry.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { entryWords } from '../../i18n/settings-entry.ts'
import { api } from '../calls.ts'
import { EntryForm } from './entry-form.tsx'
import { conditionsOf, type EntryParts, groupName, loadEntryParts } from './entry-parts.ts'
import { EntryTrial, Precedence } from './entry-trial.tsx'
import { attempt, confirmed, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { goTo } from './place.ts'
import { words } from './words.ts'

export function EntryRulesPage({ path: [id] }: { path: readonly string[] }) {
  const loaded = useLoaded(loadEntryParts)
  return (
    <Show of={loaded}>
      {(all) => {
        const rule = all.rules.find((one) => one.id === id)
        if (!rule && id !== 'new') return <RuleList all={all} onChange={loaded.reload} />
        return (
          <EntryForm
            key={rule ? `${rule.id} ${rule.version}` : 'new'}
            all={all}
            rule={rule}
            onDone={async () => {
              await loaded.reload()
              goTo('entry')
            }}
          />
        )
      }}
    </Show>
  )
}

function RuleList({ all, onChange }: { all: EntryParts; onChange: () => Promise<void> }) {
  const w = words(entryWords)
  const s = words(settingsWords)
  const move = (rule: EntryRule, position: number) =>
    attempt(async () => {
      await updateEntryRule(api, rule, { position })
      await onChange()
    })
  const remove = async (rule: EntryRule) => {
    const asked = { title: fill(w.removeTitle, { name: rule.name }), text: w.removeText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeEntryRule(api, rule), s.removed))) await onChange()
  }
  return (
    <>
      <PageHead title={w.entry} hint={w.entryHint}>
        <a class="button primary" href="#/settings/entry/new">
          {w.add}
        </a>
      </PageHead>
      {all.rules.length === 0 && (
        <Empty title={w.empty}>
          <p class="hint">{w.emptyHint}</p>
        </Empty>
      )}
      <ul class="rows">
        {all.rules.map((rule, index) => (
          <li key={rule.id} class="row-plain">
            <span class="row-text">
              <strong>
                {index + 1}. {rule.name}
              </strong>{' '}
              {!rule.enabled && <span class="standing">{w.disabled}</span>}
              <small>
                {conditionsOf(rule, all, w)} → {groupName(all, rule.target.groupId)}
              </small>
            </span>
            <span class="row-acts">
              <button
                type="button"
                aria-label={`${s.moveUp} ${rule.name}`}
                disabled={index === 0}
                onClick={() => void move(rule, index)}
              >
                ↑
              </button>
              <button
                type="button"
                aria-label={`${s.moveDown} ${rule.name}`}
                disabled={index === all.rules.length - 1}
                onClick={() => void move(rule, index + 2)}
              >
                ↓
              </button>
              <a class="button" href={`#/settings/entry/${rule.id}`} aria-label={`${s.edit} ${rule.name}`}>
                {s.edit}
              </a>
              <button
                type="button"
                class="danger"
                aria-label={`${s.remove} ${rule.name}`}
                onClick={() => void remove(rule)}
              >
                {s.remove}
              </button>
            </span>
          </li>
        ))}
      </ul>
      <EntryTrial all={all} />
      <Precedence precedence={all.precedence} onChange={onChange} />
    </>
  )
}
