/** Searching what was said (消息查询). What is asked stands in the address. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Found, type SearchFilter, searchMessages } from '../../api-search.ts'
import { searchTexts } from '../../i18n/console-search.ts'
import { fill } from '../../i18n/locale.ts'
import { partText } from '../../parts.ts'
import { dateTime } from '../../times.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { csvOf, saveTable } from '../csv.ts'
import { categoryOptions } from '../ending.ts'
import { More } from '../more.tsx'
import { formatRoute } from '../route.ts'
import { goArea, hub, locale, route } from '../store.ts'
import { customerName, refusalOf, t } from '../texts.ts'
import { pieces } from './snippet.ts'

const words = () => searchTexts[locale.value]
const mostExported = 2000

type Query = Readonly<Record<string, string>>

/** What the address asks for; undefined without words. Days are the agent's own, the last one included. */
function filterOf({ q = '', from = '', to = '', agent = '', group = '', tag = '', category = '' }: Query) {
  if (q === '') return undefined
  const filter: SearchFilter = { q }
  if (from) filter.from = new Date(`${from}T00:00:00`).toISOString()
  if (to) filter.to = new Date(`${to}T23:59:59.999`).toISOString()
  if (agent) filter.assigneeId = agent
  if (group) filter.groupId = group
  if (tag) filter.tag = tag
  if (category) filter.category = category
  return filter
}

export function SearchPage() {
  const { query } = route.value
  const filter = filterOf(query)
  const page = useSignal<{ found: readonly Found[]; next: string | null } | undefined>(undefined)
  const refused = useSignal('')
  const asked = JSON.stringify(filter)
  const load = async (cursor?: string) => {
    if (!filter) return
    try {
      const { data, nextCursor } = await searchMessages(api, filter, cursor)
      // What was asked meanwhile has an answer of its own.
      if (asked !== JSON.stringify(filterOf(route.peek().query))) return
      page.value = { found: cursor ? [...(page.peek()?.found ?? []), ...data] : data, next: nextCursor }
    } catch (error) {
      refused.value = refusalOf(error)
    }
  }
  useEffect(() => {
    page.value = undefined
    refused.value = ''
    void load()
  }, [asked])
  return (
    <main class="wide-pane">
      <h2>{words().title}</h2>
      <Asking query={query} />
      {refused.value && <p class="warning">{refused.value}</p>}
      {!filter && <p class="empty">{words().hint}</p>}
      {page.value?.found.length === 0 && <p class="empty">{words().none}</p>}
      {filter && page.value && page.value.found.length > 0 && <Export filter={filter} />}
      <ul class="plain">
        {page.value?.found.map((one) => (
          <FoundItem key={one.message.id} found={one} />
        ))}
      </ul>
      <More next={page.value?.next} load={load} />
    </main>
  )
}

function Asking({ query }: { query: Query }) {
  const { members, groups } = hub.value
  const submit = (form: HTMLFormElement) => {
    const said = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]))
    goArea('search', [], said)
  }
  const choice = (name: string, label: string, options: readonly (readonly [string, string])[]) => (
    <select name={name} aria-label={label} onChange={({ currentTarget }) => currentTarget.form?.requestSubmit()}>
      {options.map(([value, text]) => (
        <option key={value} value={value} selected={value === (query[name] ?? '')}>
          {text}
        </option>
      ))}
    </select>
  )
  const day = (name: 'from' | 'to') => (
    <label class="day-choice">
      {words()[name]}{' '}
      <input
        type="date"
        name={name}
        defaultValue={query[name] ?? ''}
        onChange={({ currentTarget }) => currentTarget.form?.requestSubmit()}
      />
    </label>
  )
  const categories = categoryOptions(query.category ?? null)
  return (
    <form
      class="asking"
      onSubmit={(event) => {
        event.preventDefault()
        submit(event.currentTarget)
      }}
    >
      <input
        type="search"
        name="q"
        maxLength={200}
        aria-label={words().words}
        placeholder={words().words}
        defaultValue={query.q ?? ''}
      />
      <button type="submit" class="primary">
        {t().search}
      </button>
      {day('from')}
      {day('to')}
      {choice('agent', words().agent, [
        ['', words().anyAgent],
        ['me', words().me],
        ...Object.values(members).map(({ id, name }) => [id, name] as const),
      ])}
      {choice('group', words().group, [['', words().anyGroup], ...Object.entries(groups)])}
      {categories.length > 0 && choice('category', words().category, [['', words().anyCategory], ...categories])}
      <input
        name="tag"
        size={10}
        maxLength={60}
        aria-label={words().tag}
        placeholder={words().tag}
        defaultValue={query.tag ?? ''}
      />
    </form>
  )
}

function FoundItem({ found: { message, contactName, snippet } }: { found: Found }) {
  const { conversationId, contactId, direction, author, sentAt } = message
  return (
    <li>
      <a class={`past is-${direction} found`} href={formatRoute({ list: 'mine', conversationId })}>
        <span class="item-line">
          <strong>{customerName(contactName, contactId)}</strong>
          <time>{dateTime(locale.value, sentAt)}</time>
        </span>
        <span>
          {direction !== 'in' && (
            <span class="soft">
              {direction === 'note' ? `${t().note} · ` : ''}
              {author.name ?? (author.kind === 'bot' ? t().bot : t().system)}：
            </span>
          )}
          {pieces(snippet.text, snippet.marks).map(({ text, marked }, index) =>
            marked ? <mark key={index}>{text}</mark> : text,
          )}
        </span>
      </a>
    </li>
  )
}

/** Everything that the search finds, as a table that spreadsheets open. */
function Export({ filter }: { filter: SearchFilter }) {
  const isBusy = useSignal(false)
  const save = async () => {
    isBusy.value = true
    try {
      const found: Found[] = []
      let cursor: string | undefined
      do {
        const page = await searchMessages(api, filter, cursor, 100)
        found.push(...page.data)
        cursor = page.nextCursor ?? undefined
      } while (cursor && found.length < mostExported)
      saveTable(`messages-${new Date().toISOString().slice(0, 10)}.csv`, csvOf([head(), ...found.map(rowOf)]))
      const count = found.length
      tell(fill(cursor ? words().exportedSome : words().exported, { count }))
    } catch (error) {
      tell(refusalOf(error), 'error')
    }
    isBusy.value = false
  }
  return (
    <p class="form-acts">
      <button type="button" disabled={isBusy.value} onClick={() => void save()}>
        {isBusy.value ? words().exporting : words().export}
      </button>
    </p>
  )
}

const head = () => [
  words().time,
  words().customer,
  words().direction,
  words().author,
  words().text,
  words().group,
  words().conversation,
]

function rowOf({ message, contactName, groupId }: Found): string[] {
  const { sentAt, contactId, direction, author, parts, conversationId } = message
  return [
    sentAt,
    customerName(contactName, contactId),
    words()[direction],
    direction === 'in' ? customerName(contactName, contactId) : (author.name ?? author.kind),
    parts.map((part) => partText(part, t())).join('\n'),
    (groupId && hub.value.groups[groupId]) || '',
    conversationId,
  ]
}
