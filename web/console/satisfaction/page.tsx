/** Satisfaction (满意度): figures, and what customers said. What is asked for stands in the address. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import {
  type ListedSatisfaction,
  listSatisfaction,
  readSatisfactionFigures,
  type SatisfactionFigures,
  type SatisfactionFilter,
} from '../../api-satisfaction.ts'
import { dateTime } from '../../times.ts'
import { api } from '../calls.ts'
import { onFrames } from '../connection.ts'
import { More } from '../more.tsx'
import { formatRoute } from '../route.ts'
import { goArea, hub, locale, route } from '../store.ts'
import { customerName, refusalOf } from '../texts.ts'
import { scoreText, words } from './words.ts'

type Query = Readonly<Record<string, string>>
type By = 'member' | 'group' | 'channel'

/** Days are the reader's own, the last one included. */
function filterOf({ from = '', to = '', agent = '', group = '' }: Query): SatisfactionFilter {
  return {
    ...(from && { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(to && { to: new Date(`${to}T23:59:59.999`).toISOString() }),
    ...(agent && { memberId: agent }),
    ...(group && { groupId: group }),
  }
}

/** Those of whom the list tells: the ones that answered, unless said. */
function whichOf({ which = '' }: Query): SatisfactionFilter {
  if (which === 'every') return {}
  if (which === 'low') return { maxScore: 2 }
  return { answered: which !== 'unanswered' }
}

const byOf = ({ by }: Query): By => (by === 'group' || by === 'channel' ? by : 'member')

export function SatisfactionPage() {
  const { query } = route.value
  const filter = filterOf(query)
  const figures = useSignal<readonly SatisfactionFigures[]>([])
  const page = useSignal<{ said: readonly ListedSatisfaction[]; next: string | null } | undefined>(undefined)
  const refused = useSignal('')
  const asked = JSON.stringify(query)
  const isStill = () => asked === JSON.stringify(route.peek().query)
  const load = async (cursor?: string) => {
    try {
      const [counted, { data, nextCursor }] = await Promise.all([
        readSatisfactionFigures(api, byOf(query), filter),
        listSatisfaction(api, { ...filter, ...whichOf(query) }, cursor),
      ])
      // What was asked meanwhile has an answer of its own.
      if (!isStill()) return
      figures.value = counted.data
      page.value = { said: cursor ? [...(page.peek()?.said ?? []), ...data] : data, next: nextCursor }
      refused.value = ''
    } catch (error) {
      refused.value = refusalOf(error)
    }
  }
  useEffect(() => {
    page.value = undefined
    void load()
    return onFrames(({ type }) => void (type === 'satisfaction.answered' && load()))
  }, [asked])
  return (
    <main class="wide-pane monitor">
      <h2>{words().satisfaction}</h2>
      <Asking query={query} />
      {refused.value && <p class="warning">{refused.value}</p>}
      {figures.value.length > 0 && <Figures figures={figures.value} />}
      <h3>{words().list}</h3>
      {page.value?.said.length === 0 && (
        <p class="empty">
          {words().none}
          <br />
          <small>{words().hint}</small>
        </p>
      )}
      <ul class="plain">
        {page.value?.said.map((one) => (
          <Said key={one.id} said={one} />
        ))}
      </ul>
      <More next={page.value?.next} load={load} />
    </main>
  )
}

function Asking({ query }: { query: Query }) {
  const { members, groups } = hub.value
  const put = (name: string, value: string) => goArea('satisfaction', [], { ...route.peek().query, [name]: value })
  const choice = (name: string, label: string, options: readonly (readonly [string, string])[]) => (
    <select aria-label={label} onChange={({ currentTarget }) => put(name, currentTarget.value)}>
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
        defaultValue={query[name] ?? ''}
        onChange={({ currentTarget }) => put(name, currentTarget.value)}
      />
    </label>
  )
  return (
    <div class="asking">
      {day('from')}
      {day('to')}
      {choice('agent', words().who, [
        ['', words().anybody],
        ...Object.values(members).map(({ id, name }) => [id, name] as const),
      ])}
      {choice('group', words().group, [['', words().anyGroup], ...Object.entries(groups)])}
      {choice('by', words().by, [
        ['', words().byMember],
        ['group', words().byGroup],
        ['channel', words().byChannel],
      ])}
      {choice('which', words().which, [
        ['', words().answered],
        ['low', words().low],
        ['unanswered', words().unanswered],
        ['every', words().every],
      ])}
    </div>
  )
}

function Figures({ figures }: { figures: readonly SatisfactionFigures[] }) {
  const percent = (share: number) => `${Math.round(share * 100)}%`
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="table" tabIndex={0} aria-label={words().figures}>
      <table>
        <thead>
          <tr>
            {(['name', 'requested', 'answered', 'rate', 'average', 'scores'] as const).map((column) => (
              <th scope="col" key={column}>
                {words()[column]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figures.map(({ id, name, requested, answered, average, scores }) => (
            <tr key={id}>
              <th scope="row">{name ?? (id === null ? words().noneOf : words().gone)}</th>
              <td>{requested}</td>
              <td>{answered}</td>
              <td>{percent(requested === 0 ? 0 : answered / requested)}</td>
              <td>
                {average !== null && (
                  <>
                    <meter min={0} max={1} value={average} aria-label={words().average} /> {percent(average)}
                  </>
                )}
              </td>
              <td>{scores.map(({ scale, score, count }) => `${score}/${scale} × ${count}`).join('、')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Said({ said }: { said: ListedSatisfaction }) {
  const { conversationId, contactId, memberId, groupId, comment, tags, score, scale, answeredAt, requestedAt } = said
  const { members, groups } = hub.value
  const customer = customerName(said.contactName, contactId)
  const whose = [customer, memberId && members[memberId]?.name, groupId && groups[groupId]].filter(Boolean)
  const isLow = score !== null && score <= Math.max(1, scale * 0.4)
  return (
    <li>
      <a class="past is-in found" href={formatRoute({ list: 'mine', conversationId })}>
        <span class="item-line">
          <strong class={isLow ? 'overdue' : undefined}>{scoreText(said)}</strong>
          <time>{dateTime(locale.value, answeredAt ?? requestedAt)}</time>
        </span>
        {(comment || tags.length > 0) && <span>{[tags.join('、'), comment].filter(Boolean).join(' · ')}</span>}
        <small class="soft">{whose.join(' · ')}</small>
      </a>
    </li>
  )
}
