/** What a visitor's page asks of the hub. */
import type { Part } from '../src/core/events/shapes.ts'
import type { Api, Page } from './api.ts'

/** How a channel's owner wants the widget to look; everything may be missing. */
export interface Look {
  title?: string
  greeting?: string
  colour?: string
}

export interface VisitorSession {
  token: string
  visitorId: string
  subject: string | null
  channel: { id: string; name: string; look: Look | null }
  expiresAt: string
}

export interface VisitorMessage {
  id: string
  conversationId: string
  number: number
  direction: 'in' | 'out'
  author: { kind: string; name: string | null; number: string | null }
  parts: Part[]
  clientId: string | null
  sentAt: string
  status: string
  /** It was taken back: what was in it is gone. */
  recalled?: true
}

export interface VisitorSessionRequest {
  channelId: string
  token?: string
  identity?: string
  claims?: Record<string, string>
}

export const createVisitorSession = (api: Api, body: VisitorSessionRequest) =>
  api<VisitorSession>('POST', 'visitor/sessions', { body })

export const listVisitorMessages = (api: Api, after?: string) =>
  api<Page<VisitorMessage>>('GET', 'visitor/messages', { query: { after, limit: 100 } })

/** Resolves once the hub has it durably; the same clientId may be sent again. */
export const sendVisitorMessage = (api: Api, clientId: string, parts: Part[]) =>
  api<{ clientId: string }>('POST', 'visitor/messages', { body: { clientId, parts } })
