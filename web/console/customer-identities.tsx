/** Under which addresses a customer is known: phones, e-mails, accounts; several of each. */
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact } from '../api-agent.ts'
import {
  addIdentity,
  type BlockedIdentity,
  blockIdentity,
  listBlockedIdentities,
  removeIdentity,
  unblockIdentity,
} from '../api-contacts.ts'
import { fill } from '../i18n/locale.ts'
import { dateTime } from '../times.ts'
import { attempt } from './actions.ts'
import { BlockForm, words as block } from './block.tsx'
import { api } from './calls.ts'
import { onFrames } from './connection.ts'
import { changeBy, words } from './contact-changes.ts'
import { Icon } from './icon.tsx'
import { Dialog } from './overlays.tsx'
import { SectionHead } from './section-head.tsx'
import { locale, may } from './store.ts'
import { refusalOf, t } from './texts.ts'

type IdentityShown = Contact['identities'][number]

const offered = ['phone', 'email', 'qq', 'wechat'] as const

export function kindName(kind: string): string {
  const own = offered.find((one) => one === kind)
  if (own) return words()[own]
  return Object.hasOwn(t().facts, kind) ? (t().facts[kind] ?? kind) : kind
}

export function Identities({ contact, readOnly }: { contact: Contact; readOnly: boolean }) {
  const isAdding = useSignal(false)
  const refused = useSignal('')
  const { blocked, reload } = useBlocked(contact.id)
  const blocking = useSignal<IdentityShown | undefined>(undefined)
  const remove = async ({ kind, scope, address }: IdentityShown) => {
    refused.value = (await changeBy(() => removeIdentity(api, contact.id, { kind, scope, address }))) ?? ''
  }
  return (
    <section>
      <SectionHead
        title={words().addresses}
        add={readOnly ? undefined : words().addAddress}
        isAdding={isAdding.value}
        onAdd={() => (isAdding.value = !isAdding.value)}
      />
      {contact.identities.length === 0 && <p class="soft">{words().noAddresses}</p>}
      <dl>
        {contact.identities.map((identity) => (
          <div key={identity.kind + identity.scope + identity.address}>
            <dt>{kindName(identity.kind)}</dt>
            <dd class="identity">
              <span title={identity.given}>{identity.address}</span>
              <span class={identity.verified ? 'tag is-good' : 'tag'}>
                {identity.verified ? t().verified : t().unverified}
              </span>
              <BlockMark
                block={blocked.find((one) => sameAddress(one, identity))}
                onBlock={() => (blocking.value = identity)}
                onLifted={reload}
                address={identity.address}
              />
              {/* What a channel knows a customer by stays: without it the next message would be a stranger's. */}
              {!readOnly && identity.scope === '' && (
                <button
                  type="button"
                  class="square small"
                  aria-label={`${t().takeAway} ${identity.address}`}
                  onClick={() => void remove(identity)}
                >
                  <Icon name="cross" />
                </button>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
      {blocking.value && (
        <Dialog
          label={fill(block().blockAddress, { address: blocking.value.address })}
          onClose={() => (blocking.value = undefined)}
        >
          <p class="soft">{block().addressEffect}</p>
          <BlockForm
            block={async (choice) => {
              const { kind, scope, address } = blocking.peek() ?? { kind: '', scope: '', address: '' }
              try {
                await blockIdentity(api, { kind, scope, address, ...choice })
              } catch (error) {
                return refusalOf(error, words().problems)
              }
              blocking.value = undefined
              await reload()
              return undefined
            }}
            onCancel={() => (blocking.value = undefined)}
          />
        </Dialog>
      )}
      {isAdding.value && <IdentityForm contactId={contact.id} close={() => (isAdding.value = false)} />}
    </section>
  )
}

type Place = Pick<IdentityShown, 'kind' | 'scope' | 'address'>
const sameAddress = (a: Place, b: Place) => a.kind === b.kind && a.scope === b.scope && a.address === b.address

/** Those of a customer's addresses that are on the blocklist, as they are now. */
function useBlocked(contactId: string) {
  const blocked = useSignal<readonly BlockedIdentity[]>([])
  const reload = () =>
    listBlockedIdentities(api, { contactId }).then(
      ({ data }) => {
        blocked.value = data
      },
      () => undefined,
    )
  useEffect(() => {
    void reload()
    return onFrames(({ type, recovered }) => {
      if (type?.startsWith('identity.') || (type === 'stream.ready' && recovered !== true)) void reload()
    })
  }, [contactId])
  return { blocked: blocked.value, reload }
}

function BlockMark(props: {
  block: BlockedIdentity | undefined
  address: string
  onBlock: () => void
  onLifted: () => Promise<void>
}) {
  const { block: standing, address, onBlock, onLifted } = props
  const mayBlock = may('contact:block')
  if (!standing) {
    if (!mayBlock) return null
    return (
      <button
        type="button"
        class="square small"
        aria-label={fill(block().blockAddress, { address })}
        title={block().block}
        onClick={onBlock}
      >
        <Icon name="block" />
      </button>
    )
  }
  const { reason, until } = standing
  const lift = () => attempt(() => unblockIdentity(api, standing.id)).then(onLifted)
  const why = [reason, until && fill(block().until, { time: dateTime(locale.value, until) })].filter(Boolean).join(' ')
  return (
    <>
      <span class="tag is-bad" title={why}>
        {block().blocked}
      </span>
      {mayBlock && (
        <button type="button" class="small" onClick={() => void lift()}>
          {block().unblock}
        </button>
      )}
    </>
  )
}

/** Which kind of address it is: one of those offered, or another by its name. */
export function KindChoice({ kind }: { kind: Signal<string> }) {
  return (
    <>
      <select
        aria-label={words().addressKind}
        value={kind.value}
        onChange={({ currentTarget }) => (kind.value = currentTarget.value)}
      >
        {offered.map((one) => (
          <option key={one} value={one}>
            {words()[one]}
          </option>
        ))}
        <option value="other">{words().otherKind}</option>
      </select>
      {kind.value === 'other' && (
        <input name="kindName" required maxLength={64} aria-label={words().kindName} placeholder={words().kindName} />
      )}
    </>
  )
}

/** What was chosen there. */
export function kindGiven(kind: Signal<string>, data: FormData): string {
  return kind.peek() === 'other' ? String(data.get('kindName') ?? '').trim() : kind.peek()
}

function IdentityForm({ contactId, close }: { contactId: string; close: () => void }) {
  const kind = useSignal<string>('phone')
  const refused = useSignal('')
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const said = (name: string) => String(data.get(name) ?? '').trim()
    const given = { kind: kindGiven(kind, data), address: said('address') }
    const why = await changeBy(() => addIdentity(api, contactId, given))
    if (why === undefined) close()
    else refused.value = why
  }
  return (
    <form class="edit-form" onSubmit={submit}>
      <div class="inline-form">
        <KindChoice kind={kind} />
        <input
          name="address"
          required
          maxLength={255}
          autocomplete="off"
          aria-label={words().address}
          aria-invalid={refused.value !== ''}
          inputMode={kind.value === 'phone' ? 'tel' : kind.value === 'email' ? 'email' : 'text'}
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
