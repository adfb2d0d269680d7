/** The supervisor's monitor (实时监控): every queue and every agent at this moment, and a way to step in. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type AgentFigures, type QueueFigures, readAgents, readQueues } from '../../api-monitor.ts'
import { fill } from '../../i18n/locale.ts'
import { api } from '../calls.ts'
import { onFrames, say } from '../connection.ts'
import { lasting } from '../lasting.ts'
import { closedText } from '../presence.tsx'
import { hub, hubNow, may } from '../store.ts'
import { refusalOf, t } from '../texts.ts'
import { type Asked, MonitoredConversations } from './conversations.tsx'
import { PresenceDialog } from './presence-dialog.tsx'
import { nameOf, words } from './words.ts'

interface Figures {
  queues: readonly QueueFigures[]
  agents: readonly AgentFigures[]
}

interface MonitorFrame extends Figures {
  /** Nothing of what was told before counts. */
  whole: boolean
  /** Ids of groups and members that are there no longer. */
  gone: readonly string[]
}

function changed(before: Figures | undefined, { whole, gone, queues, agents }: MonitorFrame): Figures {
  if (whole || !before) return { queues, agents }
  return {
    queues: merged(before.queues, queues, gone, ({ groupId }) => groupId),
    agents: merged(before.agents, agents, gone, ({ memberId }) => memberId),
  }
}

/** The rows in the order in which they were, with those that changed; new ones at the end. */
function merged<T>(before: readonly T[], told: readonly T[], gone: readonly string[], id: (row: T) => string): T[] {
  const rows = new Map(before.map((row) => [id(row), row]))
  for (const row of told) rows.set(id(row), row)
  for (const one of gone) rows.delete(one)
  return [...rows.values()]
}

export function MonitorPage() {
  const figures = useSignal<Figures | undefined>(undefined)
  const refused = useSignal('')
  const asked = useSignal<Asked | undefined>(undefined)
  useEffect(() => {
    // The stream tells all of it at first, then what changes; it is asked again whenever it begins anew.
    const ask = (on: boolean) => say({ type: 'monitor', on })
    const end = onFrames((frame) => {
      if (frame.type === 'stream.ready') ask(true)
      else if (frame.type === 'monitor') {
        figures.value = changed(figures.peek(), frame as unknown as MonitorFrame)
        refused.value = ''
      }
    })
    const read = async () => {
      try {
        const [queues, agents] = await Promise.all([readQueues(api), readAgents(api)])
        figures.value ??= { queues: queues.data, agents: agents.data }
      } catch (error) {
        refused.value = refusalOf(error)
      }
    }
    if (!ask(true)) void read()
    return () => {
      end()
      ask(false)
    }
  }, [])
  return (
    <main class="wide-pane monitor">
      <h2>{words().monitor}</h2>
      {refused.value && <p class="warning">{refused.value}</p>}
      {figures.value && (
        <>
          <Queues queues={figures.value.queues} ask={(question) => (asked.value = question)} />
          <Agents agents={figures.value.agents} ask={(question) => (asked.value = question)} />
        </>
      )}
      {asked.value && <MonitoredConversations asked={asked.value} onClose={() => (asked.value = undefined)} />}
    </main>
  )
}

type Ask = (question: Asked) => void

function Queues({ queues, ask }: { queues: readonly QueueFigures[]; ask: Ask }) {
  return (
    <section aria-label={words().queues}>
      <h3>{words().queues}</h3>
      {queues.length === 0 && <p class="soft">{words().noQueues}</p>}
      <ul class="cards">
        {queues.map((queue) => (
          <Queue key={queue.groupId} queue={queue} ask={ask} />
        ))}
      </ul>
    </section>
  )
}

function Queue({ queue, ask }: { queue: QueueFigures; ask: Ask }) {
  const {
    groupId,
    waiting,
    handedOn,
    offered,
    pooled = 0,
    parked = 0,
    oldestAt,
    inService,
    online,
    free,
    members,
  } = queue
  const name = hub.value.groups[groupId] ?? ''
  return (
    <li class={waiting > 0 && free === 0 ? 'card is-strained' : 'card'}>
      <h4>{name}</h4>
      <button
        type="button"
        class="figure"
        disabled={waiting === 0}
        onClick={() => ask({ title: fill(words().showWaiting, { name }), filter: { groupId, heldBy: 'queue' } })}
      >
        <b>{waiting}</b> {words().waiting}
        {offered > 0 && <small> {`${words().offered} ${offered}`}</small>}
        {pooled > 0 && <small> {`${words().pooled} ${pooled}`}</small>}
        {parked > 0 && <small> {`${words().parked} ${parked}`}</small>}
        {handedOn > 0 && <small> {`${words().handedOn} ${handedOn}`}</small>}
      </button>
      <dl>
        <Figure name={words().longest} value={oldestAt ? since(oldestAt) : '—'} />
        <Figure name={words().inService} value={inService} />
        <Figure name={words().onDuty} value={`${online} / ${members}`} />
        <Figure name={words().free} value={free} />
      </dl>
    </li>
  )
}

function Figure({ name, value }: { name: string; value: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

const order: Record<AgentFigures['state'], number> = {
  online: 0,
  busy: 1,
  'not-responding': 2,
  away: 3,
  offline: 4,
}

function Agents({ agents, ask }: { agents: readonly AgentFigures[]; ask: Ask }) {
  const sorted = agents.toSorted((a, b) => (order[a.state] ?? 5) - (order[b.state] ?? 5))
  return (
    <section aria-label={words().agents}>
      <h3>{words().agents}</h3>
      {agents.length === 0 && <p class="soft">{words().noAgents}</p>}
      {agents.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="table" tabIndex={0} aria-label={words().agents}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words().agent}</th>
                <th scope="col">{words().state}</th>
                <th scope="col">{words().since}</th>
                <th scope="col">{words().load}</th>
                <th scope="col">{words().conversations}</th>
                <th scope="col">{words().missed}</th>
                <th scope="col">{words().groups}</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((agent) => (
                <AgentRow key={agent.memberId} agent={agent} ask={ask} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  )
}

function AgentRow({ agent, ask }: { agent: AgentFigures; ask: Ask }) {
  const { memberId, state, reason, used, capacity, conversations, openOffers, idleSince, missed, groupIds } = agent
  const name = nameOf(memberId)
  const isSetting = useSignal(false)
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <span class={`presence is-${state}`}>
          <span class="dot" aria-hidden="true" /> {t()[state]} {reason && `· ${reason}`}
        </span>
        <small class="soft"> {closedText(hub.value.presence[memberId])}</small>
        {may('presence:write-all') && (
          <button
            type="button"
            class="small"
            aria-label={fill(words().setStateOf, { name })}
            onClick={() => (isSetting.value = true)}
          >
            {words().setState}
          </button>
        )}
        {isSetting.value && (
          <PresenceDialog memberId={memberId} name={name} onClose={() => (isSetting.value = false)} />
        )}
      </td>
      <td>
        {agent.since && since(agent.since)}
        {state === 'online' && idleSince && (
          <small class="soft"> {fill(words().idle, { time: since(idleSince) })}</small>
        )}
      </td>
      <td>
        <meter min={0} max={Math.max(1, capacity)} value={used} aria-label={words().load} /> {used}/{capacity}
      </td>
      <td>
        <button
          type="button"
          class="small"
          disabled={conversations === 0}
          aria-label={`${conversations} · ${fill(words().showServed, { name })}`}
          onClick={() =>
            ask({ title: fill(words().showServed, { name }), filter: { assigneeId: memberId, heldBy: 'agent' } })
          }
        >
          {conversations}
        </button>
        {openOffers > 0 && <small class="soft"> {`${words().offered} ${openOffers}`}</small>}
      </td>
      <td class={missed > 0 ? 'overdue' : undefined}>{missed || ''}</td>
      <td>{groupIds.map((id) => hub.value.groups[id]).join('、')}</td>
    </tr>
  )
}

const since = (at: string): string => lasting(Math.max(0, hubNow.value - Date.parse(at)))
