/** Facts about a customer: those that the business defined, further ones, and what the customer says of themselves. */
import { useSignal } from '@preact/signals'
import type { Contact } from '../api-agent.ts'
import type { ContactField } from '../api-contacts.ts'
import { contactKinds, patch, words } from './contact-changes.ts'
import { Editable } from './editable.tsx'
import { SectionHead } from './section-head.tsx'
import { t } from './texts.ts'

const factName = (name: string): string => (Object.hasOwn(t().facts, name) ? (t().facts[name] ?? name) : name)

/** How a field is written: its type for the browser, or what there is to choose from. */
function inputOf({ type, options }: ContactField) {
  if (type === 'choice') return { options: options.map((one) => [one, one] as const) }
  if (type === 'boolean') return { options: [['true', words().yes] as const, ['false', words().no] as const] }
  return { type: type === 'link' ? ('url' as const) : type }
}

export function Attributes({ contact, readOnly }: { contact: Contact; readOnly: boolean }) {
  const isAdding = useSignal(false)
  const { fields } = contactKinds.value
  const defined = new Set(fields.map(({ key }) => key))
  const others = Object.keys(contact.attributes).filter((key) => !defined.has(key))
  const keep = (key: string) => (value: string) => patch(contact.id, { attributes: { [key]: value || null } })
  const claims = Object.entries(contact.claims)
  return (
    <>
      <section>
        <SectionHead
          title={words().attributes}
          add={readOnly ? undefined : words().addAttribute}
          isAdding={isAdding.value}
          onAdd={() => (isAdding.value = !isAdding.value)}
        />
        <dl>
          {fields.map((field) => (
            <div key={field.key}>
              <dt>{field.label}</dt>
              <dd>
                <Editable
                  label={field.label}
                  value={contact.attributes[field.key] ?? ''}
                  readOnly={readOnly}
                  maxLength={2000}
                  keep={keep(field.key)}
                  {...inputOf(field)}
                >
                  <Value field={field} value={contact.attributes[field.key] ?? ''} />
                </Editable>
              </dd>
            </div>
          ))}
          {others.map((key) => (
            <div key={key}>
              <dt>{factName(key)}</dt>
              <dd>
                <Editable
                  label={factName(key)}
                  value={contact.attributes[key] ?? ''}
                  readOnly={readOnly}
                  maxLength={2000}
                  keep={keep(key)}
                />
              </dd>
            </div>
          ))}
        </dl>
        {isAdding.value && <AttributeForm contactId={contact.id} close={() => (isAdding.value = false)} />}
      </section>
      {claims.length > 0 && (
        <section>
          <h3>{t().claims}</h3>
          <dl>
            {claims.map(([name, value]) => (
              <div key={name}>
                <dt>{factName(name)}</dt>
                <dd>
                  {value}
                  <span class="tag">{t().unverified}</span>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </>
  )
}

function Value({ field, value }: { field: ContactField; value: string }) {
  if (field.type === 'boolean') return <>{value === 'true' ? words().yes : value === 'false' ? words().no : value}</>
  if (field.type === 'link' && /^https?:\/\//i.test(value)) {
    return (
      <a href={value} target="_blank" rel="noreferrer">
        {value}
      </a>
    )
  }
  return <>{value}</>
}

function AttributeForm({ contactId, close }: { contactId: string; close: () => void }) {
  const refused = useSignal('')
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const said = (name: string) => String(data.get(name) ?? '').trim()
    const why = await patch(contactId, { attributes: { [said('name')]: said('value') } })
    if (why === undefined) close()
    else refused.value = why
  }
  return (
    <form class="edit-form" onSubmit={submit}>
      <div class="inline-form">
        <input
          name="name"
          required
          maxLength={64}
          aria-label={words().attributeName}
          placeholder={words().attributeName}
        />
        <input
          name="value"
          required
          maxLength={2000}
          aria-label={words().attributeValue}
          placeholder={words().attributeValue}
        />
      </div>
      <p class="failure" role="alert">
        {refused.value}
      </p>
      <p class="edit-acts">
        <button type="submit" class="primary">
          {t().add}
        </button>
        <button type="button" onClick={close}>
          {t().cancel}
        </button>
      </p>
    </form>
  )
}
