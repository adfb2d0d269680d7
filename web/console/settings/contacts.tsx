/** How a business sorts its contacts: attributes, groups, and the tags in use. */
import { useState } from 'preact/hooks'
import {
  type ContactField,
  listContactFields,
  listContactGroups,
  listContactTags,
  putContactField,
  removeContactField,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { contactWords } from '../../i18n/settings-desk.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { ContactGroups } from './contact-groups.tsx'
import { FormEnd, LinesField, SelectField, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, Card, confirmed, type Loaded, PageHead, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

async function loadAll() {
  const [fields, groups, tags] = await Promise.all([
    listContactFields(api),
    everyPage((cursor) => listContactGroups(api, cursor)),
    everyPage((cursor) => listContactTags(api, cursor)),
  ])
  return { fields: fields.data, groups, tags }
}
type All = Awaited<ReturnType<typeof loadAll>>

export function ContactsPage() {
  const w = words(contactWords)
  const loaded = useLoaded(loadAll)
  return (
    <>
      <PageHead title={w.contacts} hint={w.contactsHint} />
      <Show of={loaded}>
        {(all) => (
          <>
            <Fields all={all} loaded={loaded} />
            <ContactGroups groups={all.groups} onChange={loaded.reload} />
            <Card title={w.tags} hint={w.tagsHint}>
              {all.tags.length === 0 && <p class="hint">{w.noTags}</p>}
              <ul class="row-acts">
                {all.tags.map(({ tag, count }) => (
                  <li key={tag} class="standing">
                    {tag} {count}
                  </li>
                ))}
              </ul>
            </Card>
          </>
        )}
      </Show>
    </>
  )
}

interface PartProps {
  all: All
  loaded: Loaded<All>
}

function Fields({ all, loaded }: PartProps) {
  const w = words(contactWords)
  const s = words(settingsWords)
  const [edited, setEdited] = useState<ContactField | 'new'>()
  const remove = async ({ key, label }: ContactField) => {
    const asked = { title: fill(w.removeField, { label }), text: w.removeFieldText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeContactField(api, key), s.removed)))
      await loaded.reload()
  }
  return (
    <Card title={w.fields}>
      {all.fields.length === 0 && !edited && <p class="hint">{w.noFields}</p>}
      <ul class="lines">
        {all.fields.map((field) => (
          <li key={field.key} class="line">
            <span class="row-text">
              <strong>{field.label}</strong> <code>{field.key}</code>
              <small>
                {typeNames(w)[field.type]} {field.options.join('、')}
              </small>
            </span>
            <button type="button" aria-label={`${s.edit} ${field.label}`} onClick={() => setEdited(field)}>
              {s.edit}
            </button>
            <button
              type="button"
              class="danger"
              aria-label={`${s.remove} ${field.label}`}
              onClick={() => void remove(field)}
            >
              {s.remove}
            </button>
          </li>
        ))}
      </ul>
      {edited ? (
        <FieldForm
          key={edited === 'new' ? 'new' : edited.key}
          field={edited === 'new' ? undefined : edited}
          onDone={() => {
            setEdited(undefined)
            void loaded.reload()
          }}
          onCancel={() => setEdited(undefined)}
        />
      ) : (
        <button type="button" onClick={() => setEdited('new')}>
          {w.addField}
        </button>
      )}
    </Card>
  )
}

const typeNames = (w: Record<string, string>): Record<string, string | undefined> => ({
  text: w.typeText,
  number: w.typeNumber,
  boolean: w.typeBoolean,
  date: w.typeDate,
  choice: w.typeChoice,
  link: w.typeLink,
})

function FieldForm({
  field,
  onDone,
  onCancel,
}: {
  field: ContactField | undefined
  onDone: () => void
  onCancel: () => void
}) {
  const w = words(contactWords)
  const form = useForm({
    key: field?.key ?? '',
    label: field?.label ?? '',
    type: field?.type ?? ('text' as ContactField['type']),
    options: field?.options ?? [],
  })
  return (
    <form
      class="sub-form"
      onSubmit={(event) => {
        event.preventDefault()
        void form
          .submit(({ key, options, ...rest }) =>
            putContactField(api, key, { ...rest, ...(rest.type === 'choice' && { options }) }),
          )
          .then((done) => done && onDone())
      }}
    >
      <TextField form={form} at="/label" label={w.label} required maxLength={100} />
      <TextField
        form={form}
        at="/key"
        label={w.key}
        hint={w.keyHint}
        required
        maxLength={64}
        disabled={field !== undefined}
      />
      <SelectField
        form={form}
        at="/type"
        label={w.type}
        choices={Object.entries(typeNames(w)).map(([type, name]) => [type, name ?? type])}
      />
      {form.value.type === 'choice' && <LinesField form={form} at="/options" label={w.options} hint={w.eachLine} />}
      <FormEnd form={form} onCancel={onCancel} />
    </form>
  )
}
