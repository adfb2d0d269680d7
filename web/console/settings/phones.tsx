/** Phones of a telephone channel: which extension rings whom. */
import { useState } from 'preact/hooks'
import { listMembers } from '../../api-agent.ts'
import { createPhone, listPhones, type Phone, removePhone } from '../../api-calls.ts'
import type { Channel } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { phoneWords } from '../../i18n/settings-calls.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { FormEnd, SelectField, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, Card, confirmed, SecretOnce, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

export function PhonesTab({ channel }: { channel: Channel }) {
  const w = words(phoneWords)
  const s = words(settingsWords)
  const [secret, setSecret] = useState<string | null>(null)
  const loaded = useLoaded(async () => {
    const [phones, members] = await Promise.all([
      everyPage((cursor) => listPhones(api, cursor)),
      everyPage((cursor) => listMembers(api, cursor)),
    ])
    return { phones: phones.filter(({ channelId }) => channelId === channel.id), members }
  }, channel.id)
  const form = useForm({ extension: '', memberId: null as string | null, number: '' })
  const make = () =>
    form.submit(async ({ number, ...given }) => {
      const { password } = await createPhone(api, { channelId: channel.id, ...given, ...(number && { number }) })
      await loaded.reload()
      form.reset({ extension: '', memberId: null, number: '' })
      setSecret(password)
    })
  const remove = async (phone: Phone) => {
    const asked = {
      title: fill(w.removeTitle, { extension: phone.extension }),
      text: w.removeText,
      act: s.remove,
    }
    if ((await confirmed(asked)) && (await attempt(() => removePhone(api, phone.id), s.removed))) await loaded.reload()
  }
  return (
    <Show of={loaded}>
      {({ phones, members }) => (
        <Card title={w.phones} hint={w.phonesHint}>
          {phones.length === 0 && <p class="hint">{w.none}</p>}
          <ul class="lines">
            {phones.map((phone) => (
              <li key={phone.id} class="line">
                <span class="row-text">
                  <strong>{phone.extension}</strong> {phone.number}{' '}
                  {members.find(({ id }) => id === phone.memberId)?.name}
                </span>
                {phone.number === null && (
                  <span class={isRegistered(phone) ? 'standing is-good' : 'standing'}>
                    {isRegistered(phone) ? w.registered : w.unregistered}
                  </span>
                )}
                <button
                  type="button"
                  class="quiet"
                  aria-label={`${s.remove} ${phone.extension}`}
                  onClick={() => void remove(phone)}
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
              void make()
            }}
          >
            <div class="side-by-side">
              <TextField
                form={form}
                at="/extension"
                label={w.extension}
                hint={w.extensionHint}
                pattern="[0-9]{2,10}"
                maxLength={10}
                required
              />
              <SelectField
                form={form}
                at="/memberId"
                label={w.member}
                none={w.nobody}
                choices={members.filter(({ disabled }) => !disabled).map(({ id, name }) => [id, name])}
              />
            </div>
            <TextField form={form} at="/number" label={w.number} hint={w.numberHint} maxLength={200} />
            <FormEnd form={form} label={w.addPhone} />
          </form>
          {secret && (
            <SecretOnce title={w.password} hint={w.passwordHint} text={secret} onClose={() => setSecret(null)} />
          )}
        </Card>
      )}
    </Show>
  )
}

const isRegistered = ({ registeredUntil }: Phone): boolean =>
  registeredUntil !== null && Date.parse(registeredUntil) > Date.now()
