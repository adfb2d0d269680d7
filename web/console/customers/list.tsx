/** The list of customers. Its filters stand in the address. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact } from '../../api-agent.ts'
import { type ContactFilter, listContacts } from '../../api-contacts.ts'
import { shortTime } from '../../times.ts'
import { api, base } from '../calls.ts'
import { onFrames } from '../connection.ts'
import { contactKinds, loadContactKinds } from '../contact-changes.ts'
import { kindName } from '../customer-identities.tsx'
import { More } from '../more.tsx'
import { formatArea } from '../route.ts'
import { PageHead } from '../settings/parts.tsx'
import { goArea, locale, may, now, route } from '../store.ts'
import { customerName, refusalOf, t } from '../texts.ts'
import { NewCustomerDialog } from './new.tsx'
import { words } from './words.ts'

type Query = Readonly<Record<string, string>>

function filterOf({ q = '', tag = '', group = '' }: Query): ContactFilter {
  return { ...(q && { search: q }), ...(tag && { tag }), ...(group && { groupId: group }) }
}

/** How long to gather what the stream tells before the list is read again: an import tells much. */
const gatherMs = 1500

export function CustomerList() {
  const { query } = route.value
  const page = useSignal<{ all: readonly Contact[]; next: string | null } | undefined>(undefined)
  const refused = useSignal('')
  const isMaking = useSignal(false)
  const asked = JSON.stringify(filterOf(query))
  const load = async (cursor?: string) => {
    const filter = filterOf(route.peek().query)
    try {
      const { data, nextCursor } = await listContacts(api, filter, cursor)
      // What was asked meanwhile has an answer of its own.
      if (JSON.stringify(filter) !== JSON.stringify(filterOf(route.peek().query))) return
      page.value = { all: cursor ? [...(page.peek()?.all ?? []), ...data] : data, next: nextCursor }
      refused.value = ''
    } catch (error) {
      refused.value = refusalOf(error)
    }
  }
  useEffect(() => void load(), [asked])
  useEffect(() => {
    void loadContactKinds()
    let reading: ReturnType<typeof setTimeout> | undefined
    const forget = onFrames(({ type, recovered }) => {
      if (!type?.startsWith('contact.') && (type !== 'stream.ready' || recovered === true)) return
      // Who reads on below is not thrown back to the beginning.
      if ((page.peek()?.all.length ?? 0) > 50) return
      clearTimeout(reading)
      reading = setTimeout(() => void load(), gatherMs)
    })
    return () => {
      forget()
      clearTimeout(reading)
    }
  }, [])
  return (
    <>
      <PageHead title={words().customers}>
        {may('contact:transfer') && <Export filter={filterOf(query)} />}
        {may('contact:write') && (
          <button type="button" class="primary" onClick={() => (isMaking.value = true)}>
            {words().newCustomer}
          </button>
        )}
      </PageHead>
      <Filters query={query} />
      {refused.value && <p class="warning">{refused.value}</p>}
      {page.value?.all.length === 0 && <p class="empty">{words().none}</p>}
      {page.value && page.value.all.length > 0 && <Table all={page.value.all} />}
      <More next={page.value?.next} load={load} />
      {isMaking.value && <NewCustomerDialog onClose={() => (isMaking.value = false)} />}
    </>
  )
}

function Filters({ query }: { query: Query }) {
  const { tags, groups } = contactKinds.value
  const put = (change: Query) => goArea('customers', [], { ...route.peek().query, ...change })
  const choice = (name: string, label: string, entries: readonly (readonly [string, string])[]) => (
    <select
      aria-label={label}
      value={query[name] ?? ''}
      onChange={({ currentTarget }) => put({ [name]: currentTarget.value })}
    >
      {entries.map(([value, text]) => (
        <option key={value} value={value} selected={value === (query[name] ?? '')}>
          {text}
        </option>
      ))}
    </select>
  )
  const shown = query.tag && !tags.includes(query.tag) ? [query.tag, ...tags] : tags
  return (
    <form
      class="customer-filters"
      onSubmit={(event) => {
        event.preventDefault()
        put({ q: String(new FormData(event.currentTarget).get('q') ?? '').trim() })
      }}
    >
      <input
        key={query.q}
        type="search"
        name="q"
        maxLength={100}
        aria-label={words().search}
        placeholder={words().search}
        defaultValue={query.q ?? ''}
      />
      {choice('tag', words().tag, [['', words().anyTag], ...shown.map((tag) => [tag, tag] as const)])}
      {choice('group', words().group, [
        ['', words().anyGroup],
        ...groups.map(({ id, name, count }) => [id, `${name} (${count})`] as const),
      ])}
      <button type="submit">{t().search}</button>
    </form>
  )
}

function Table({ all }: { all: readonly Contact[] }) {
  return (
    <div class="card table customer-table">
      <table>
        <thead>
          <tr>
            {(['name', 'addresses', 'company', 'place', 'tags', 'lastSeen'] as const).map((key) => (
              <th key={key} scope="col">
                {words()[key]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((contact) => (
            <Line key={contact.id} contact={contact} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Line({ contact }: { contact: Contact }) {
  const { id, name, company, province, city, tags, lastSeenAt, blocked } = contact
  return (
    <tr>
      <th scope="row">
        <a href={formatArea('customers', [id])}>{customerName(name, id)}</a>
        {blocked && <span class="tag is-bad">{words().blockedNow}</span>}
      </th>
      <td class="is-long">{addressesOf(contact)}</td>
      <td>{company}</td>
      <td>{[province, city].filter(Boolean).join(' ')}</td>
      <td>{tags.slice(0, 4).join('、')}</td>
      <td>{lastSeenAt && <time>{shortTime(locale.value, lastSeenAt, now.value)}</time>}</td>
    </tr>
  )
}

/** Those that say something to people; of others, which channel knows the customer. */
export function addressesOf({ identities }: Contact): string {
  const plain = identities
    .filter(({ scope }) => scope === '')
    .sort((a, b) => Number(b.kind === 'phone') - Number(a.kind === 'phone'))
  if (plain.length > 0)
    return plain
      .slice(0, 3)
      .map(({ address }) => address)
      .join(' · ')
  return [...new Set(identities.map(({ kind }) => kindName(kind)))].join(' · ')
}

/** The hub streams the table; the browser's cookie asks for it. */
function Export({ filter: { search, tag, groupId } }: { filter: ContactFilter }) {
  const address = (format: string) => {
    const url = new URL('v1/contact-export', base)
    for (const [name, value] of Object.entries({ format, search, tag, groupId })) {
      if (value) url.searchParams.set(name, value)
    }
    return url.href
  }
  return (
    <>
      {(['csv', 'xlsx'] as const).map((format) => (
        <a key={format} class="button" href={address(format)} download title={words().exportHint}>
          {words().export} {format.toUpperCase()}
        </a>
      ))}
    </>
  )
}
