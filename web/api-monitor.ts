/** What a supervisor's page asks of the hub: queues and agents at this moment, and why routing decided so. */
import type { Presence } from '../src/core/events/shapes.ts'
import type { Api } from './api.ts'

export interface QueueFigures {
  groupId: string
  waiting: number
  /** Beside those: on their way to it, while somebody still serves them. */
  handedOn: number
  offered: number
  /** Of what waits: for nobody in particular. */
  pooled?: number
  /** Beside what waits: for the opening hours. */
  parked?: number
  oldestAt: string | null
  inService: number
  online: number
  free: number
  members: number
}

export interface AgentFigures {
  memberId: string
  state: Presence['state']
  reason: string | null
  since: string | null
  used: number
  capacity: number
  conversations: number
  openOffers: number
  idleSince: string | null
  missed: number
  groupIds: string[]
}

export interface AgentStanding {
  memberId: string
  role: 'holder' | 'asked' | 'free' | 'hindered'
  sentence: string
}

export interface Explanation {
  entry: { sentence: string } | null
  /** Each time that a skill group could not serve it. */
  passes: { at: string; groupId: string; sentence: string }[]
  now: {
    sentence: string
    groupId: string
    state: string
    since: string
    priority: number
    step: number
    steps: number
    nextStepAt: string | null
    ahead: number | null
    waiting: number | null
    agents: AgentStanding[]
  } | null
  /** Why `now` is null. */
  unrouted?: { sentence: string } | null
  history: {
    at: string
    type: 'offered' | 'accepted' | 'declined' | 'expired' | 'rescinded' | 'assigned' | 'released'
    memberId: string
    sentence: string | null
    reason: string | null
  }[]
}

export const readQueues = (api: Api) => api<{ data: QueueFigures[] }>('GET', 'monitor/queues')
export const readAgents = (api: Api) => api<{ data: AgentFigures[] }>('GET', 'monitor/agents')
/** `language`: of the sentences. */
export const explainRouting = (api: Api, conversationId: string, language: string) =>
  api<Explanation>('GET', `conversations/${conversationId}/routing`, { headers: { 'Accept-Language': language } })
