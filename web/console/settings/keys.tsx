/** API keys: made with their scopes, shown once, revoked. */
import { useState } from 'preact/hooks'
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { keyWords } from '../../i18n/settings-programs.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { locale, me } from '../store.ts'
import { ChecksField, FormEnd, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, confirmed, Empty, PageHead, SecretOnce, Show, useLoaded } from './parts.tsx'
import { moment } from './times.ts'
import { words } from './words.ts'

export function KeysPage() {
  const w = words(keyWords)
  const loaded = useLoaded(() => everyPage((cursor) => listApiKeys(api, cursor)))
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<{ key: ApiKey; secret: string }>()
  const revoke = async (key: ApiKey) => {
    const asked = { title: fill(w.revokeTitle, { name: key.name }), text: w.revokeText, act: w.revoke }
    if ((await confirmed(asked)) && (await attempt(() => revokeApiKey(api, key.id)))) await loaded.reload()
  }
  return (
    <>
      <PageHead title={w.keys} hint={w.keysHint}>
        {!adding && (
          <button type="button" class="primary" onClick={() => setAdding(true)}>
            {w.add}
          </button>
        )}
      </PageHead>
      {adding && (
        <NewKey
          onCancel={() => setAdding(false)}
          onMade={(result) => {
            setAdding(false)
            setMade(result)
            void loaded.reload()
          }}
        />
      )}
      <Show of={loaded}>
        {(keys) => (
          <>
            {keys.length === 0 && !adding && <Empty title={w.empty} />}
            <ul class="rows">
              {keys.map((key) => (
                <li key={key.id} class="row-plain">
                  <span class="row-text">
                    <strong>{key.name}</strong> <code>{key.prefix}…</code>
                    <small>
                      {key.scopes.includes('*') || key.scopes.includes('admin') ? w.everything : key.scopes.join(' ')} ·{' '}
                      {key.usedAt ? fill(w.usedAt, { time: moment(locale.value, key.usedAt) }) : w.neverUsed}
                    </small>
                  </span>
                  <button
                    type="button"
                    class="danger"
                    aria-label={`${w.revoke} ${key.name}`}
                    onClick={() => void revoke(key)}
                  >
                    {w.revoke}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </Show>
      {made && (
        <SecretOnce
          title={fill(w.secret, { name: made.key.name })}
          hint={w.secretHint}
          text={made.secret}
          onClose={() => setMade(undefined)}
        />
      )}
    </>
  )
}

function NewKey({
  onMade,
  onCancel,
}: {
  onMade: (made: { key: ApiKey; secret: string }) => void
  onCancel: () => void
}) {
  const w = words(keyWords)
  const s = words(settingsWords)
  const form = useForm<{ name: string; scopes: string[] }>({ name: '', scopes: ['*'] })
  const isAll = form.value.scopes.includes('*')
  // Nobody gives what they do not have; what one has is what the hub says of oneself.
  const scopes = (me.value?.permissions ?? []).filter((scope) => scope !== '*' && scope !== 'admin')
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(async (draft) => onMade(await createApiKey(api, draft)))
      }}
    >
      <TextField form={form} at="/name" label={s.name} required maxLength={100} />
      <fieldset class="field">
        <legend>{w.scopes}</legend>
        {([true, false] as const).map((all) => (
          <label class="tick" key={String(all)}>
            <input
              type="radio"
              name="scopes"
              checked={isAll === all}
              onChange={() => form.write('/scopes', all ? ['*'] : [])}
            />
            {all ? w.everything : w.some}
          </label>
        ))}
      </fieldset>
      {!isAll && (
        <ChecksField form={form} at="/scopes" label={w.some} choices={scopes.map((scope) => [scope, scope])} />
      )}
      <FormEnd form={form} label={w.add} onCancel={onCancel} />
    </form>
  )
}
