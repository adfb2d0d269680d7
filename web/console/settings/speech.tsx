/** The speech service: where it is, and what it writes down by itself. */
import { getSpeech, putSpeech, type SpeechDraft, type SpeechSettings, testSpeech } from '../../api-speech.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { speechWords } from '../../i18n/settings-speech.ts'
import { dateTime } from '../../times.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { locale } from '../store.ts'
import { ProbeCard } from './channel-probe.tsx'
import { CheckField, FormEnd, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { Card, PageHead, Show, useLoaded } from './parts.tsx'
import { SecretField } from './secret-field.tsx'
import { words } from './words.ts'

export function SpeechPage() {
  const w = words(speechWords)
  const loaded = useLoaded(() => getSpeech(api))
  return (
    <>
      <PageHead title={w.speech} hint={w.speechHint} />
      <Show of={loaded}>
        {(shown) => (
          <>
            {!shown.isAvailable && <p class="warning">{w.missing}</p>}
            {shown.failing && (
              <p class="warning">
                {fill(w.failing, { time: dateTime(locale.value, shown.failing.since), detail: shown.failing.detail })}
              </p>
            )}
            <SpeechForm key={shown.version} shown={shown} onChange={loaded.put} />
            {shown.isAvailable && <ProbeCard title={w.test} probe={() => testSpeech(api)} />}
          </>
        )}
      </Show>
    </>
  )
}

const draftOf = ({ isAvailable: _, failing: __, version: ___, ...draft }: SpeechSettings): SpeechDraft => draft

function SpeechForm({ shown, onChange }: { shown: SpeechSettings; onChange: (changed: SpeechSettings) => void }) {
  const w = words(speechWords)
  const s = words(settingsWords)
  const form = useForm(draftOf(shown))
  const save = () =>
    form.submit(async (draft) => {
      // A key that was taken away is empty.
      onChange(await putSpeech(api, { ...draft, key: draft.key ?? '' }, shown.version))
      tell(s.saved)
    })
  const model = { form, maxLength: 200, hint: w.asHub }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Card title={w.account}>
        <TextField form={form} at="/url" label={w.url} hint={w.urlHint} type="url" maxLength={500} />
        <SecretField form={form} at="/key" label={w.key} hint={w.keyHint} many={false} required={false} />
        <div class="side-by-side">
          <TextField {...model} at="/transcriptionModel" label={w.transcriptionModel} />
          <TextField {...model} at="/speechModel" label={w.speechModel} />
          <TextField {...model} at="/voice" label={w.voice} />
          <div class="field">
            <label for="speech-language">{w.language}</label>
            <select
              id="speech-language"
              value={form.value.language}
              onChange={({ currentTarget }) => form.write('/language', currentTarget.value)}
            >
              <option value="">{w.anyLanguage}</option>
              <option value="zh">{w.zh}</option>
              <option value="en">{w.en}</option>
            </select>
          </div>
        </div>
      </Card>
      <Card title={w.automatic} hint={w.automaticHint}>
        <CheckField form={form} at="/transcribeCalls" label={w.transcribeCalls} />
        <CheckField form={form} at="/transcribeMessages" label={w.transcribeMessages} />
      </Card>
      <FormEnd form={form} />
    </form>
  )
}
