/** The blocklist (黑名单): addresses and customers of whom nothing is taken in. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact } from '../../api-agent.ts'
import {
  type BlockedIdentity,
  blockIdentity,
  listBlockedIdentities,
  listContacts,
  unblockContact,
  unblockIdentity,
} from '../../api-contacts.ts'
import { fill } from '../../i18n/locale.ts'
import { dateTime } from '../../times.ts'
import { BlockFields, blockChoice, words as blockWords } from '../block.tsx'
import { api } from '../calls.ts'
import { everyPage, onFrames } from '../connection.ts'
import { KindChoice, kindGiven, kindName } from '../customer-identities.tsx'
import { formatArea } from '../route.ts'
import { attempt, Card, PageHead, Show, useLoaded } from '../settings/parts.tsx'
import { hub, locale, may } from '../store.ts'
import { customerName, refusalOf } from '../texts.ts'
import { problems, words } from './words.ts'

async function loadAll() {
  const [addresses, contacts] = await Promise.all([
    everyPage((cursor) => listBlockedIdentities(api, { cursor })),
    everyPage((cursor) => listContacts(api, { blocked: true }, cursor)),
  ])
  return { addresses, contacts }
}

export function BlocklistPage() {
  const loaded = useLoaded(loadAll)
  useEffect(
    () =>
      onFrames(({ type }) => {
        if (/^(identity|contact)\.(un)?blocked$/.test(type ?? '')) void loaded.reload()
      }),
    [],
  )
  return (
    <>
      <PageHead title={words().blocklist} hint={words().blockHint} />
      <Show of={loaded}>
        {({ addresses, contacts }) => (
          <>
            <Card title={words().blockedAddresses}>
              {addresses.length === 0 && <p class="hint">{words().noneBlocked}</p>}
              <ul class="lines">
                {addresses.map((block) => (
                  <AddressLine key={block.id} block={block} onChange={loaded.reload} />
                ))}
              </ul>
              {may('contact:block') && <BlockAddressForm onDone={loaded.reload} />}
            </Card>
            <Card title={words().blockedCustomers} hint={words().blockCustomersHint}>
              {contacts.length === 0 && <p class="hint">{words().noneBlocked}</p>}
              <ul class="lines">
                {contacts.map((contact) => (
                  <ContactLine key={contact.id} contact={contact} onChange={loaded.reload} />
                ))}
              </ul>
            </Card>
          </>
        )}
      </Show>
    </>
  )
}

const ending = (until: string | null): string =>
  until ? fill(words().until, { time: dateTime(locale.value, until) }) : words().forever

interface LineProps {
  onChange: () => Promise<void>
}

function AddressLine({ block, onChange }: LineProps & { block: BlockedIdentity }) {
  const { id, kind, address, contactId, reason, until, blockedAt, blockedBy } = block
  const by = hub.value.members[blockedBy]?.name
  const lift = async () => {
    await attempt(() => unblockIdentity(api, id), words().lifted)
    await onChange()
  }
  return (
    <li class="line">
      <span class="row-text">
        <strong>{address}</strong> <span class="soft">{kindName(kind)}</span>{' '}
        {contactId && <a href={formatArea('customers', [contactId])}>{words().customers}</a>}
        <small>
          {[reason, ending(until), dateTime(locale.value, blockedAt), by && fill(words().by, { name: by })]
            .filter(Boolean)
            .join(' · ')}
        </small>
      </span>
      {may('contact:block') && (
        <button type="button" aria-label={`${words().lift} ${address}`} onClick={() => void lift()}>
          {words().lift}
        </button>
      )}
    </li>
  )
}

function ContactLine({ contact, onChange }: LineProps & { contact: Contact }) {
  const { id, name, blocked } = contact
  const shown = customerName(name, id)
  const lift = async () => {
    await attempt(() => unblockContact(api, id), words().lifted)
    await onChange()
  }
  return (
    <li class="line">
      <span class="row-text">
        <a href={formatArea('customers', [id])}>
          <strong>{shown}</strong>
        </a>
        <small>{[blocked?.reason, ending(blocked?.until ?? null)].filter(Boolean).join(' · ')}</small>
      </span>
      {may('contact:block') && (
        <button type="button" aria-label={`${words().lift} ${shown}`} onClick={() => void lift()}>
          {words().lift}
        </button>
      )}
    </li>
  )
}

function BlockAddressForm({ onDone }: { onDone: () => Promise<void> }) {
  const kind = useSignal<string>('phone')
  const refused = useSignal('')
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const data = new FormData(form)
    try {
      const address = String(data.get('address') ?? '').trim()
      await blockIdentity(api, { kind: kindGiven(kind, data), address, ...blockChoice(data) })
      refused.value = ''
      form.reset()
      await onDone()
    } catch (error) {
      refused.value = refusalOf(error, problems())
    }
  }
  return (
    <form class="sub-form" onSubmit={submit} aria-label={words().blockAnAddress}>
      <h3>{words().blockAnAddress}</h3>
      <div class="line">
        <KindChoice kind={kind} />
        <input
          name="address"
          required
          maxLength={255}
          autocomplete="off"
          aria-label={words().addressLabel}
          placeholder={words().addressLabel}
        />
        <BlockFields />
        <button type="submit" class="danger">
          {blockWords().block}
        </button>
      </div>
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
    </form>
  )
}
