/** How a web chat looks, the line that brings it onto a site, and its page of its own. */
import { useRef, useState } from 'preact/hooks'
import { uploadFile } from '../../api-files.ts'
import { type Channel, updateChannel } from '../../api-settings.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { lookWords } from '../../i18n/settings-look.ts'
import { tell } from '../actions.ts'
import { api, base } from '../calls.ts'
import { Field, type FieldProps, FormEnd, NumberField, SelectField, TextArea, TextField } from './controls.tsx'
import { type Form, useForm } from './form.ts'
import { type Look, LookPreview } from './look-preview.tsx'
import { attempt, Card, Copyable } from './parts.tsx'
import { QrCode } from './qr-code.tsx'
import { words } from './words.ts'

const defaultColour = '#0b6bcb'

export function WidgetLook({ channel, onChange }: { channel: Channel; onChange: (channel: Channel) => void }) {
  const w = words(lookWords)
  const s = words(settingsWords)
  const form = useForm<{ settings: { look: Look } }>({ settings: { look: lookOf(channel) } })
  const save = () =>
    form.submit(async ({ settings }) => {
      const changed = await updateChannel(api, channel, { settings: { look: said(settings.look) } })
      onChange(changed)
      form.reset({ settings: { look: lookOf(changed) } })
      tell(s.saved)
    })
  const at = (name: keyof Look) => `/settings/look/${name}`
  const shown = form.value.settings.look
  return (
    <>
      <form
        class="card look"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <div>
          <h3>{w.look}</h3>
          <TextField form={form} at={at('title')} label={w.title} maxLength={80} />
          <TextArea form={form} at={at('greeting')} label={w.greeting} hint={w.greetingHint} rows={2} maxLength={500} />
          <Colour form={form} at={at('colour')} label={w.colour} />
          <PictureField form={form} at={at('logo')} label={w.logo} channelId={channel.id} />
          <div class="side-by-side">
            <SelectField
              form={form}
              at={at('style')}
              label={w.style}
              choices={[
                ['bubble', w.bubble],
                ['pill', w.pill],
                ['tab', w.tab],
              ]}
            />
            <TextField form={form} at={at('label')} label={w.label} hint={w.labelHint} maxLength={20} />
            <SelectField
              form={form}
              at={at('icon')}
              label={w.icon}
              choices={[
                ['chat', w.chat],
                ['headset', w.headset],
                ['question', w.question],
                ['smile', w.smile],
              ]}
            />
            <PictureField form={form} at={at('iconFile')} label={w.iconFile} channelId={channel.id} />
            <SelectField
              form={form}
              at={at('side')}
              label={w.side}
              choices={[
                ['right', w.right],
                ['left', w.left],
              ]}
            />
            <NumberField
              form={form}
              at={at('sidePx')}
              label={w.sidePx}
              unit={w.pixels}
              min={0}
              max={400}
              placeholder="20"
            />
            <NumberField
              form={form}
              at={at('bottomPx')}
              label={w.bottomPx}
              unit={w.pixels}
              min={0}
              max={400}
              placeholder="20"
            />
          </div>
          <TextField
            form={form}
            at={at('link')}
            label={w.link}
            hint={w.linkHint}
            maxLength={40}
            placeholder="my-shop"
          />
          <FormEnd form={form} />
        </div>
        <LookPreview look={shown} pictureOf={(name) => pictureAddress(channel.id, name, shown[name])} />
      </form>
      <Install channel={channel} link={lookOf(channel).link} />
    </>
  )
}

/** What is set, and what stands for what is not. */
const lookOf = ({ settings }: Channel): Look => ({
  style: 'bubble',
  icon: 'chat',
  side: 'right',
  ...(settings.look as Look | undefined),
})

/** The members that say something. */
const said = (look: Look): Look =>
  Object.fromEntries(Object.entries(look).filter(([, value]) => value !== undefined && value !== null && value !== ''))

/** Pictures that were chosen here and are not saved yet. */
const fresh = new Map<string, string>()

const pictureAddress = (channelId: string, name: string, fileId: string | undefined): string | undefined =>
  fileId && (fresh.get(fileId) ?? new URL(`v1/visitor/looks/${channelId}/pictures/${name}/${fileId}`, base).href)

function Colour(props: FieldProps) {
  const { form, at } = props
  const value = String(form.read(at) ?? '')
  return (
    <Field {...props}>
      {(control) => (
        <span class="with-unit">
          <input
            type="color"
            aria-label={props.label}
            value={/^#[0-9a-f]{6}$/i.test(value) ? value : defaultColour}
            onInput={({ currentTarget }) => form.write(at, currentTarget.value)}
          />
          <input
            {...control}
            value={value}
            placeholder={defaultColour}
            maxLength={7}
            onInput={({ currentTarget }) => form.write(at, currentTarget.value)}
          />
        </span>
      )}
    </Field>
  )
}

function PictureField({ channelId, ...props }: FieldProps & { channelId: string }) {
  const w = words(lookWords)
  const { form, at }: { form: Form<unknown>; at: string } = props
  const [busy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const fileId = form.read(at) as string | undefined
  const address = pictureAddress(channelId, at.split('/').at(-1) ?? '', fileId)
  const take = async (file: File | undefined) => {
    if (!file) return
    setBusy(true)
    await attempt(async () => {
      const { id } = await uploadFile(base, 'files', file)
      fresh.set(id, URL.createObjectURL(file))
      form.write(at, id)
    })
    setBusy(false)
  }
  return (
    <Field {...props} hint={w.pictureHint}>
      {(control) => (
        <span class="picture-field">
          {address && <img src={address} alt="" width={40} height={40} />}
          <input
            {...control}
            ref={input}
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            class="unseen"
            onChange={({ currentTarget }) => {
              void take(currentTarget.files?.[0])
              currentTarget.value = ''
            }}
          />
          <button type="button" disabled={busy} onClick={() => input.current?.click()}>
            {busy ? w.uploading : w.choosePicture}
          </button>
          {fileId && (
            <button type="button" class="quiet" onClick={() => form.write(at, undefined)}>
              {w.takeAway}
            </button>
          )}
        </span>
      )}
    </Field>
  )
}

function Install({ channel, link }: { channel: Channel; link: string | undefined }) {
  const w = words(lookWords)
  const query = `?channel=${channel.id}`
  const page = new URL(link ? `chat/${link}` : `widget/${query}`, base).href
  const snippet = `<script async src="${new URL('w.js', base).href}" data-channel="${channel.id}"></script>`
  return (
    <>
      <Card title={w.install} hint={w.installHint}>
        <Copyable label={w.snippet} text={snippet} area />
      </Card>
      <Card title={w.page} hint={w.pageHint}>
        <Copyable label={w.directLink} text={page} />
        <QrCode text={page} label={w.qr} />
      </Card>
      <Card title={w.tryIt} hint={w.tryHint}>
        <p class="row-acts">
          <a class="button" target="_blank" rel="noreferrer" href={new URL(`demo/${query}`, base).href}>
            {w.tryWeb}
          </a>
          <a class="button" target="_blank" rel="noreferrer" href={new URL(`demo/h5.html${query}`, base).href}>
            {w.tryH5}
          </a>
        </p>
      </Card>
    </>
  )
}
