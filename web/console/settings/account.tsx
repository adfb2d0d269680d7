/** What is one's own: the password, and the words with which one greets. */
import { useState } from 'preact/hooks'
import type { OwnGreeting } from '../../../src/core/events/reception-shapes.ts'
import { listOwnGreetings, putOwnGreeting, removeOwnGreeting, setPassword } from '../../api-settings.ts'
import { fill, type Locale } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { textWords } from '../../i18n/settings-hours.ts'
import { memberWords } from '../../i18n/settings-team.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { locale, may, me } from '../store.ts'
import { FormEnd, TextArea, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { LanguageField } from './language-field.tsx'
import { attempt, Card, PageHead, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

export function AccountPage() {
  const w = words(memberWords)
  const s = words(settingsWords)
  const form = useForm({ currentPassword: '', password: '' })
  const id = me.value?.principal.id ?? ''
  const save = () =>
    form.submit(async (draft) => {
      await setPassword(api, id, draft)
      form.reset({ currentPassword: '', password: '' })
      tell(s.saved)
    })
  return (
    <>
      <PageHead title={w.account} hint={w.accountHint} />
      <Card title={w.changePassword}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          <TextField
            form={form}
            at="/currentPassword"
            label={w.currentPassword}
            type="password"
            autocomplete="current-password"
            required
          />
          <TextField
            form={form}
            at="/password"
            label={w.newPassword}
            hint={w.newPasswordHint}
            type="password"
            autocomplete="new-password"
            minLength={8}
            required
          />
          <FormEnd form={form} label={w.changePassword} />
        </form>
      </Card>
      {may('conversation:reply') && <Greetings />}
    </>
  )
}

const greetingVariables = ['contact.name', 'agent.name', 'agent.number', 'business.name'] as const

/** What is said in one's name when a conversation comes to one, in each language. */
function Greetings() {
  const w = words(memberWords)
  const x = words(textWords)
  const loaded = useLoaded(async () => (await listOwnGreetings(api)).data)
  const [language, setLanguage] = useState<Locale>(locale.value)
  return (
    <Card
      title={w.greeting}
      hint={`${w.greetingHint} ${fill(x.variables, { list: greetingVariables.map((name) => `{{${name}}} ${x[name]}`).join('、') })}`}
    >
      <LanguageField id="greeting-language" label={w.greetingLanguage} value={language} onChange={setLanguage} />
      <Show of={loaded}>
        {(greetings) => {
          const greeting = greetings.find((one) => one.language === language)
          return (
            <GreetingForm
              key={`${language} ${greeting?.version}`}
              language={language}
              greeting={greeting}
              onChange={loaded.reload}
            />
          )
        }}
      </Show>
    </Card>
  )
}

interface GreetingFormProps {
  language: Locale
  greeting: OwnGreeting | undefined
  onChange: () => Promise<void>
}

function GreetingForm({ language, greeting, onChange }: GreetingFormProps) {
  const w = words(memberWords)
  const s = words(settingsWords)
  const form = useForm({ text: greeting?.text ?? '' })
  const save = () =>
    form.submit(async ({ text }) => {
      await putOwnGreeting(api, language, text, greeting?.version)
      tell(s.saved)
      await onChange()
    })
  const takeAway = () =>
    attempt(async () => {
      if (greeting) await removeOwnGreeting(api, language, greeting.version)
      await onChange()
    }, s.saved)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <TextArea form={form} at="/text" label={w.greeting} rows={3} required maxLength={2000} />
      <FormEnd form={form}>
        {greeting && (
          <button type="button" class="quiet" onClick={() => void takeAway()}>
            {w.noGreeting}
          </button>
        )}
      </FormEnd>
    </form>
  )
}
