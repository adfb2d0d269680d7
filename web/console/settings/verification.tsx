/** Files by which platforms see that an address is the business's own. */
import { useRef } from 'preact/hooks'
import {
  listVerificationFiles,
  putVerificationFile,
  removeVerificationFile,
  type VerificationFile,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { verificationWords } from '../../i18n/settings-endings.ts'
import { tell } from '../actions.ts'
import { api, base } from '../calls.ts'
import { locale } from '../store.ts'
import { attempt, confirmed, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { moment } from './times.ts'
import { words } from './words.ts'

const isName = (name: string) => /^(MP|WW)_verify_[A-Za-z0-9]{1,64}\.txt$/.test(name)

export function VerificationPage() {
  const w = words(verificationWords)
  const s = words(settingsWords)
  const input = useRef<HTMLInputElement>(null)
  const loaded = useLoaded(async () => (await listVerificationFiles(api)).data)
  const take = async (file: File | undefined) => {
    if (!file) return
    if (!isName(file.name)) return tell(w.wrong, 'error')
    const content = (await file.text()).trim()
    if (await attempt(() => putVerificationFile(api, file.name, content), s.saved)) await loaded.reload()
  }
  const remove = async ({ name }: VerificationFile) => {
    const asked = { title: fill(w.removeTitle, { name }), text: w.removeText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeVerificationFile(api, name), s.removed)))
      await loaded.reload()
  }
  return (
    <>
      <PageHead title={w.verification} hint={w.verificationHint}>
        <input
          ref={input}
          type="file"
          accept=".txt,text/plain"
          class="unseen"
          aria-label={w.upload}
          onChange={({ currentTarget }) => {
            void take(currentTarget.files?.[0])
            currentTarget.value = ''
          }}
        />
        <button type="button" class="primary" onClick={() => input.current?.click()}>
          {w.upload}
        </button>
      </PageHead>
      <Show of={loaded}>
        {(files) => (
          <>
            {files.length === 0 && <Empty title={w.empty} />}
            <ul class="rows">
              {files.map((file) => (
                <li key={file.name} class="row-plain">
                  <span class="row-text">
                    <a target="_blank" rel="noreferrer" href={new URL(`/${file.name}`, base).href}>
                      {file.name}
                    </a>
                    <small>{moment(locale.value, file.createdAt)}</small>
                  </span>
                  <button
                    type="button"
                    class="danger"
                    aria-label={`${s.remove} ${file.name}`}
                    onClick={() => void remove(file)}
                  >
                    {s.remove}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </Show>
    </>
  )
}
