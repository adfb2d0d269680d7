/** One entry rule: what it asks for, where it sends, and what if nobody is there. */
import {
  createEntryRule,
  type EntryConditions,
  type EntryDraft,
  type EntryRule,
  updateEntryRule,
} from '../../api-entry.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { entryWords } from '../../i18n/settings-entry.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import {
  CheckField,
  ChecksField,
  Field,
  type FieldProps,
  FormEnd,
  LinesField,
  NumberField,
  SelectField,
  TextField,
} from './controls.tsx'
import { type EntryParts, languageName } from './entry-parts.ts'
import { useForm } from './form.ts'
import { Card, PageHead } from './parts.tsx'
import { goTo } from './place.ts'
import { SkillsField } from './skills-field.tsx'
import { words } from './words.ts'

const languages = ['zh', 'en', 'ja', 'ko', 'fr', 'de', 'es', 'ru', 'ar', 'th', 'vi'] as const

const draftOf = (rule: EntryRule | undefined, groupId: string): EntryDraft => ({
  name: rule?.name ?? '',
  enabled: rule?.enabled ?? true,
  when: rule?.when ?? {},
  target: rule?.target ?? { groupId },
  otherwise: rule?.otherwise ?? { to: 'wait' },
})

/** What is not asked for is left out. */
const asked = (when: EntryConditions): EntryConditions =>
  Object.fromEntries(
    Object.entries(when).filter(([, value]) => value !== undefined && value !== '' && !isEmptyList(value)),
  )
const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

interface Props {
  all: EntryParts
  rule: EntryRule | undefined
  onDone: () => Promise<void>
}

export function EntryForm({ all, rule, onDone }: Props) {
  const w = words(entryWords)
  const s = words(settingsWords)
  const form = useForm(draftOf(rule, all.groups[0]?.id ?? ''))
  const groups = all.groups.map(({ id, name }) => [id, name] as const)
  const { otherwise } = form.value
  const save = () =>
    form.submit(async (draft) => {
      const body = { ...draft, when: asked(draft.when) }
      const { warnings } = await (rule ? updateEntryRule(api, rule, body) : createEntryRule(api, body))
      tell(warnings.length > 0 ? w.warned : s.saved, warnings.length > 0 ? 'error' : 'info')
      await onDone()
    })
  return (
    <>
      <PageHead title={rule?.name ?? w.add} back={{ href: '#/settings/entry', label: w.entry }} />
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Card>
          <TextField form={form} at="/name" label={s.name} required maxLength={100} />
          <CheckField form={form} at="/enabled" label={w.enabled} />
        </Card>
        <Card title={w.when} hint={w.whenHint}>
          <LinesField form={form} at="/when/keywords" label={w.keywords} hint={w.keywordsHint} />
          {all.channels.length > 0 && (
            <ChecksField
              form={form}
              at="/when/channelIds"
              label={w.channelIds}
              choices={all.channels.map(({ id, name }) => [id, name])}
              emptyIsNone
            />
          )}
          <ChecksField
            form={form}
            at="/when/languages"
            label={w.languages}
            choices={languages.map((code) => [code, languageName(code, w)])}
            emptyIsNone
          />
          <div class="side-by-side">
            <LinesField form={form} at="/when/regions" label={w.regions} hint={w.regionsHint} />
            <LinesField form={form} at="/when/tags" label={w.tags} hint={w.eachLine} />
            <EitherField
              form={form}
              at="/when/hours/open"
              whole="/when/hours"
              label={w.hours}
              choices={[w.any, w.open, w.closed]}
            />
            <EitherField form={form} at="/when/vip" label={w.vip} choices={[w.any, w.onlyVip, w.noVip]} />
          </div>
          <TextField form={form} at="/when/pattern" label={w.pattern} hint={w.patternHint} maxLength={300} optional />
        </Card>
        <Card title={w.target}>
          <div class="side-by-side">
            <SelectField form={form} at="/target/groupId" label={w.group} choices={groups} required />
            <NumberField
              form={form}
              at="/target/priority"
              label={w.priority}
              hint={w.priorityHint}
              min={-10}
              max={10}
              placeholder="0"
            />
          </div>
          <SkillsField form={form} at="/target/skills" label={w.skills} />
          <div class="side-by-side">
            <Field form={form} at="/otherwise/to" label={w.otherwise}>
              {(control) => (
                <select
                  {...control}
                  value={otherwise.to}
                  onChange={({ currentTarget: { value } }) =>
                    form.write('/otherwise', value === 'group' ? { to: value, groupId: groups[0]?.[0] } : { to: value })
                  }
                >
                  <option value="wait">{w.wait}</option>
                  <option value="next">{w.next}</option>
                  <option value="group">{w.toGroup}</option>
                </select>
              )}
            </Field>
            {otherwise.to === 'group' && (
              <SelectField form={form} at="/otherwise/groupId" label={w.otherGroup} choices={groups} required />
            )}
          </div>
        </Card>
        <FormEnd form={form} {...(!rule && { label: s.add })} onCancel={() => goTo('entry')} />
      </form>
    </>
  )
}

/** Yes, no, or not asked for. */
function EitherField({
  form,
  at,
  whole = at,
  label,
  choices: [any, yes, no],
}: FieldProps & {
  /** What is left out when it is not asked for. */
  whole?: string
  choices: readonly [string, string, string]
}) {
  const value = form.read(at)
  return (
    <Field form={form} at={at} label={label}>
      {(control) => (
        <select
          {...control}
          value={value === undefined ? '' : String(value)}
          onChange={({ currentTarget }) =>
            currentTarget.value === '' ? form.write(whole, undefined) : form.write(at, currentTarget.value === 'true')
          }
        >
          <option value="">{any}</option>
          <option value="true">{yes}</option>
          <option value="false">{no}</option>
        </select>
      )}
    </Field>
  )
}
