/** How conversations end (会话小结): categories to choose from, and what is asked of people, for all or for a skill group. */
import type { ClosingRule, ConversationCategory } from '../../../src/core/events/conversation-shapes.ts'
import { listClosingRules, listGroups } from '../../api-agent.ts'
import { putClosingRule, removeClosingRule } from '../../api-settings.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { endingWords } from '../../i18n/settings-endings.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { loadEndings } from '../ending.ts'
import { type Choice, FormEnd, NumberField, SelectField } from './controls.tsx'
import { useForm } from './form.ts'
import { ParentField, parentName } from './parent-field.tsx'
import { attempt, Card, PageHead, Show, useLoaded } from './parts.tsx'
import { WordList } from './word-list.tsx'
import { words } from './words.ts'

export function EndingsPage() {
  const w = words(endingWords)
  return (
    <>
      <PageHead title={w.endings} hint={w.endingsHint} />
      <WordList<ConversationCategory>
        title={w.categories}
        hint={w.categoriesHint}
        path="conversation-categories"
        usual={{ parentKey: null }}
        said={parentName}
        fields={(form, all) => <ParentField form={form} all={all} />}
      />
      <Rules />
    </>
  )
}

async function loadRules() {
  const [rules, groups] = await Promise.all([listClosingRules(api), everyPage((cursor) => listGroups(api, cursor))])
  return { rules: rules.data, groups }
}

function Rules() {
  const w = words(endingWords)
  const loaded = useLoaded(loadRules)
  const changed = async () => {
    await loaded.reload()
    // The console asks by these rules from now on.
    await loadEndings()
  }
  return (
    <Show of={loaded}>
      {({ rules, groups }) => {
        const ruleOf = (groupId: string | null) => rules.find((rule) => rule.groupId === groupId)
        const without = groups.filter(({ id }) => ruleOf(id) === undefined)
        return (
          <>
            <RuleForm title={w.forAll} scope="all" rule={ruleOf(null)} onChange={changed} />
            {groups.map(({ id, name }) => {
              const rule = ruleOf(id)
              return rule && <RuleForm key={id} title={name} scope={id} rule={rule} onChange={changed} />
            })}
            {without.length > 0 && (
              <select
                class="narrow"
                aria-label={w.addRule}
                value=""
                onChange={({ currentTarget }) => {
                  const { summary = 'off', category = 'off' } = ruleOf(null) ?? {}
                  void attempt(() => putClosingRule(api, currentTarget.value, { summary, category })).then(changed)
                }}
              >
                <option value="">{w.addRule}…</option>
                {without.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </>
        )
      }}
    </Show>
  )
}

interface RuleFormProps {
  title: string
  scope: string
  rule: ClosingRule | undefined
  onChange: () => Promise<void>
}

const secondsOfDay = 86_400

function RuleForm({ title, scope, rule, onChange }: RuleFormProps) {
  const w = words(endingWords)
  const s = words(settingsWords)
  const seconds = rule?.closeResolvedAfterSeconds ?? null
  const form = useForm({
    summary: rule?.summary ?? ('off' as const),
    category: rule?.category ?? ('off' as const),
    closeResolvedAfterDays: seconds === null ? null : seconds / secondsOfDay,
  })
  const save = () =>
    form.submit(async ({ summary, category, closeResolvedAfterDays: days }) => {
      await putClosingRule(api, scope, {
        summary,
        category,
        closeResolvedAfterSeconds: days === null ? null : Math.round(days * secondsOfDay),
      })
      tell(s.saved)
      await onChange()
    })
  const asked: Choice[] = [
    ['off', w.off],
    ['optional', w.optional],
    ['required', w.required],
  ]
  return (
    <form
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Card title={title}>
        <div class="side-by-side">
          <SelectField form={form} at="/category" label={w.category} choices={asked} />
          <SelectField form={form} at="/summary" label={w.summary} choices={asked} />
          <NumberField
            form={form}
            at="/closeResolvedAfterDays"
            label={w.closeResolved}
            hint={w.closeResolvedHint}
            unit={s.days}
            placeholder={w.never}
            min={0.01}
            max={365}
            step="any"
            empty={null}
          />
        </div>
        <FormEnd form={form}>
          {scope !== 'all' && (
            <button
              type="button"
              class="quiet"
              onClick={() => void attempt(() => removeClosingRule(api, scope), s.removed).then(onChange)}
            >
              {w.asForAll}
            </button>
          )}
        </FormEnd>
      </Card>
    </form>
  )
}
