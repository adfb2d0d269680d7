/** What the hub says by itself, for all channels or one, in each language; and by which rules it reminds, closes and asks. */
import { useState } from 'preact/hooks'
import type { ReceptionRules, TextKind } from '../../../src/core/events/reception-shapes.ts'
import {
  type BuiltInText,
  listBuiltInTexts,
  listChannels,
  listReceptionRules,
  listTexts,
  putReceptionRules,
  putText,
  type ReceptionText,
  removeText,
  type ScopedRules,
} from '../../api-settings.ts'
import { fill, type Locale } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { textWords } from '../../i18n/settings-hours.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { locale } from '../store.ts'
import { FormEnd, LinesField, NumberField, SelectField, TextArea } from './controls.tsx'
import { useForm } from './form.ts'
import { LanguageField } from './language-field.tsx'
import { attempt, Card, PageHead, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

const kinds: readonly TextKind[] = [
  'greeting',
  'waiting',
  'off-hours',
  'nobody-on-duty',
  'reminder',
  'closing',
  'satisfaction',
]
const variables = [
  'contact.name',
  'agent.name',
  'agent.number',
  'business.name',
  'queue.position',
  'hours.opens',
  'link',
] as const

async function loadAll() {
  const [texts, builtIn, rules, channels] = await Promise.all([
    listTexts(api),
    listBuiltInTexts(api),
    listReceptionRules(api),
    everyPage((cursor) => listChannels(api, cursor)),
  ])
  return { texts: texts.data, builtIn: builtIn.data, rules: rules.data, channels }
}

export function TextsPage() {
  const w = words(textWords)
  const loaded = useLoaded(loadAll)
  const [scope, setScope] = useState('all')
  const [language, setLanguage] = useState<Locale>(locale.value)
  return (
    <>
      <PageHead title={w.texts} hint={w.textsHint} />
      <Show of={loaded}>
        {(all) => (
          <>
            <div class="card side-by-side">
              <div class="field">
                <label for="text-scope">{w.scope}</label>
                <select id="text-scope" value={scope} onChange={({ currentTarget }) => setScope(currentTarget.value)}>
                  <option value="all">{w.allChannels}</option>
                  {all.channels.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
                </select>
              </div>
              <LanguageField id="text-language" label={w.language} value={language} onChange={setLanguage} />
            </div>
            <Card>
              <p class="hint">
                {fill(w.variables, { list: variables.map((name) => `{{${name}}} ${w[name]}`).join('、') })}
              </p>
              {kinds.map((kind) => (
                <TextForm
                  key={`${scope} ${language} ${kind}`}
                  place={{ scope, language, kind }}
                  text={all.texts.find((one) => one.scope === scope && one.language === language && one.kind === kind)}
                  builtIn={all.builtIn.find((one) => one.language === language && one.kind === kind)}
                  onChange={loaded.reload}
                />
              ))}
            </Card>
            <Rules
              key={scope}
              scope={scope}
              said={all.rules.find((one) => one.scope === scope)}
              forAll={all.rules.find((one) => one.scope === 'all')}
              onChange={loaded.reload}
            />
          </>
        )}
      </Show>
    </>
  )
}

interface TextFormProps {
  place: { scope: string; language: string; kind: TextKind }
  text: ReceptionText | undefined
  builtIn: BuiltInText | undefined
  onChange: () => Promise<void>
}

function TextForm({ place, text, builtIn, onChange }: TextFormProps) {
  const w = words(textWords)
  const s = words(settingsWords)
  const form = useForm({ text: text?.text ?? '' })
  const save = () =>
    form.submit(async (draft) => {
      await putText(api, place, draft.text, text?.version)
      tell(s.saved)
      await onChange()
    })
  const takeAway = () =>
    attempt(async () => {
      if (text) await removeText(api, place, text.version)
      form.reset({ text: '' })
      await onChange()
    }, s.saved)
  return (
    <form
      class="text-form"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <TextArea
        form={form}
        at="/text"
        label={w[place.kind]}
        hint={builtIn ? fill(w.builtIn, { text: builtIn.text }) : w.nothingSaid}
        rows={2}
        maxLength={2000}
      />
      {(form.dirty || form.failure) && <FormEnd form={form} />}
      {text && !form.dirty && (
        <button type="button" class="quiet" onClick={() => void takeAway()}>
          {w.takeAway}
        </button>
      )}
    </form>
  )
}

/** As the hub has it where nobody said anything. */
const usual: ReceptionRules = {
  waitingAfterSeconds: 5,
  customerSilence: { remindAfterSeconds: null, closeAfterSeconds: null },
  agentSilence: { remindAfterSeconds: null, requeueAfterSeconds: null },
  satisfaction: { ask: 'never', scale: 5, tags: [], answerWithinDays: 7 },
}

interface RulesProps {
  scope: string
  said: ScopedRules | undefined
  forAll: ScopedRules | undefined
  onChange: () => Promise<void>
}

function Rules({ scope, said, forAll, onChange }: RulesProps) {
  const w = words(textWords)
  const s = words(settingsWords)
  const form = useForm<ReceptionRules>({ ...usual, ...forAll?.rules, ...said?.rules })
  const save = () =>
    form.submit(async (rules) => {
      await putReceptionRules(api, scope, rules, said?.version)
      tell(s.saved)
      await onChange()
    })
  const silence = { form, unit: s.seconds, placeholder: w.never, min: 10, max: 2_592_000, empty: null }
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <h3>{w.rules}</h3>
      <div class="side-by-side">
        <NumberField
          form={form}
          at="/waitingAfterSeconds"
          label={w.waitingAfter}
          unit={s.seconds}
          min={0}
          max={3600}
          required
        />
        <NumberField {...silence} at="/customerSilence/remindAfterSeconds" label={w.remindAfter} />
        <NumberField {...silence} at="/customerSilence/closeAfterSeconds" label={w.closeAfter} />
        <NumberField {...silence} at="/agentSilence/remindAfterSeconds" label={w.overdueAfter} />
        <NumberField {...silence} at="/agentSilence/requeueAfterSeconds" label={w.requeueAfter} />
      </div>
      <h3 class="form-part">{w.ask}</h3>
      <div class="side-by-side">
        <SelectField
          form={form}
          at="/satisfaction/ask"
          label={w.ask}
          choices={[
            ['never', w.askNever],
            ['on-close', w.askOnClose],
          ]}
        />
        <NumberField form={form} at="/satisfaction/scale" label={w.scale} min={2} max={10} required />
        <NumberField
          form={form}
          at="/satisfaction/answerWithinDays"
          label={w.answerWithin}
          unit={s.days}
          min={1}
          max={90}
          required
        />
      </div>
      <LinesField form={form} at="/satisfaction/tags" label={w.tags} hint={w.tagsHint} />
      <FormEnd form={form} />
    </form>
  )
}
