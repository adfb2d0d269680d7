/** What the fake hub answers to each call, in the words of the hub's own API. */
import type { Contact, Conversation, Message, Presence } from '../../src/core/events/shapes.ts'
import { channelId, groupId, type HubState, newId, password, Refusal, tenant, time } from './hub-state.ts'

export interface ApiCall {
  call: string
  id: string
  query: URLSearchParams
  body: Record<string, unknown>
  key: string | undefined
  ifMatch: string | undefined
  memberId: string | undefined
  visitorId: string | undefined
}

export interface Answer {
  status: number
  result?: unknown
  cookie?: string
}

const first = <T>(value: T | undefined, code: string): T => {
  if (value === undefined) throw new Refusal(404, code)
  return value
}

/** Answers one call as the hub would. Throws `Refusal`. */
export function callHub(state: HubState, api: ApiCall): Answer {
  const { call, body, id } = api
  if (call === 'POST sessions') {
    const found = state.members.find((one) => one.number === body.login || one.email === body.login)
    if (!found || body.password !== password) throw new Refusal(401, 'credentials-wrong')
    const cookie = newId('tbs')
    state.sessions.set(cookie, found.id)
    return { status: 201, result: { member: found, tenant }, cookie }
  }
  if (call === 'POST visitor/sessions') return visitorSession(state, body)
  if (call.includes(' visitor/')) return visitorCall(state, api)
  const me = api.memberId
  if (me === undefined) throw new Refusal(401, 'session-missing')
  const conversation = () =>
    first(
      state.conversations.find((one) => one.id === id),
      'conversation-unknown',
    )
  const contact = () =>
    first(
      state.contacts.find((one) => one.id === id),
      'contact-unknown',
    )
  const page = (data: unknown[]) => ({ status: 200, result: { data, nextCursor: null } })
  const done = { status: 200, result: { commandId: newId('cmd'), outcome: { result: 'done' } } }
  switch (call) {
    case 'GET me':
      return {
        status: 200,
        result: {
          principal: { kind: 'user', id: me },
          member: state.members.find((one) => one.id === me) ?? null,
          tenant,
          permissions: ['contact:write', 'contact:block', 'conversation:read', 'conversation:reply'],
        },
      }
    case 'DELETE sessions/current':
      return { status: 204 }
    case 'GET members':
      return page(state.members)
    case 'GET groups':
      return page([{ id: groupId, name: '售前' }])
    case 'GET presence':
      return page([...state.presence.values()])
    case 'PUT presence/me':
      state.setPresence(me, body.state as Presence['state'])
      return done
    case 'GET offers':
      return page(state.offers.filter((one) => one.memberId === me && one.state === 'open'))
    case 'GET conversations':
      return page(state.conversations.filter((one) => matches(one, api.query, me)))
    case 'GET conversations/:id':
      return { status: 200, result: conversation() }
    case 'GET conversations/:id/ways': {
      const { replyWindow } = conversation()
      const own = { channelId, name: '网站客服', kind: 'webchat', isCurrent: true, isOpen: true, replyWindow }
      const mine = { ...own, lastInboundAt: null, recall: { withinSeconds: null } }
      return { status: 200, result: { data: [mine, ...state.otherWays] } }
    }
    case 'GET conversations/:id/messages': {
      const limit = Number(api.query.get('limit'))
      const before = Number(api.query.get('before') ?? Number.POSITIVE_INFINITY)
      const after = Number(api.query.get('after') ?? 0)
      const all = state.messages.filter((one) => one.conversationId === id && one.number < before && one.number > after)
      return page(api.query.has('after') ? all.slice(0, limit) : all.slice(-limit))
    }
    case 'POST conversations/:id/messages': {
      const known = state.keys.get(api.key ?? '')
      if (known) return { status: 201, result: known }
      if (conversation().status === 'closed') throw new Refusal(409, 'conversation-closed')
      const author = { kind: 'member', id: me, name: state.nameOf(me) } as const
      const message = state.say(
        conversation(),
        body.note ? 'note' : 'out',
        author,
        body.parts as Message['parts'],
        api.key ?? null,
        body.channelId as string | undefined,
      )
      state.keys.set(api.key ?? '', message)
      if (message.direction === 'out') state.setStatus(message, 'delivered')
      return { status: 201, result: message }
    }
    case 'POST conversations/:id/close':
      state.change(
        conversation(),
        { status: 'closed', heldBy: 'nobody', closedAt: time(), closedBy: me },
        'conversation.closed',
      )
      return { status: 200, result: conversation() }
    case 'POST conversations/:id/read':
      state.read(conversation(), Number(body.number), false)
      return { status: 204 }
    case 'POST conversations/:id/pull':
      if (conversation().heldBy !== 'queue') throw new Refusal(409, 'offer-taken')
      state.assign(conversation(), me)
      return done
    case 'POST offers/:id/accept':
    case 'POST offers/:id/decline':
      return decide(state, id, call.endsWith('accept')) ?? done
    case 'GET contacts/:id':
      return { status: 200, result: contact() }
    case 'PATCH contacts/:id': {
      const found = contact()
      if (api.ifMatch !== `"v${found.version}"`) throw new Refusal(412, 'version-stale')
      Object.assign(found, { name: String(body.name), version: found.version + 1 })
      state.emit('contact.updated', found.id, { contact: { ...found } })
      return { status: 200, result: found }
    }
    case 'PUT contacts/:id/block':
    case 'DELETE contacts/:id/block': {
      const found = contact()
      const blocked = call.startsWith('PUT') ? { at: time(), reason: String(body.reason ?? ''), until: null } : null
      Object.assign(found, { blocked, version: found.version + 1 })
      state.emit(blocked ? 'contact.blocked' : 'contact.unblocked', found.id, { contact: { ...found } })
      return { status: 200, result: found }
    }
    case 'GET contacts/:id/notes':
    case 'GET blocked-identities':
    case 'GET calls':
    case 'GET contact-fields':
    case 'GET contact-groups':
    case 'GET agent-statuses':
    case 'GET contact-tags':
    case 'GET conversation-tags':
    case 'GET conversation-categories':
    case 'GET closing-rules':
      return page([])
    case 'GET contacts/:id/thread':
      return page(state.messages.filter((one) => one.contactId === id).toReversed())
    default:
      throw new Refusal(404, `route-unknown ${call}`)
  }
}

function decide(state: HubState, id: string, accepted: boolean): Answer | undefined {
  const offer = first(
    state.offers.find((one) => one.id === id),
    'offer-unknown',
  )
  if (offer.state !== 'open') throw new Refusal(409, 'offer-taken')
  if (Date.parse(offer.expiresAt) < Date.now()) throw new Refusal(409, 'offer-expired')
  offer.state = accepted ? 'accepted' : 'declined'
  state.emit('offer.ended', offer.id, { offer: { ...offer } })
  const conversation = state.conversations.find((one) => one.id === offer.conversationId)
  if (accepted && conversation) state.assign(conversation, offer.memberId)
  return undefined
}

function visitorSession(state: HubState, body: Record<string, unknown>): Answer {
  if (body.channelId !== channelId) throw new Refusal(404, 'channel-unknown')
  let token = typeof body.token === 'string' ? body.token : undefined
  if (token !== undefined && !state.visitors.has(token)) throw new Refusal(401, 'visitor-unknown')
  if (token === undefined) {
    token = newId('tbv')
    state.visitors.set(
      token,
      state.makeContact(`访客 ${state.contacts.length + 1}`, body.claims as Contact['claims']).id,
    )
  }
  const visitorId = state.visitors.get(token)
  const channel = { id: channelId, name: '网站客服', look: { title: '山茶杂货客服' } }
  return { status: 201, result: { token, visitorId, subject: null, channel, expiresAt: '2099-01-01T00:00:00.000Z' } }
}

function visitorCall(state: HubState, { call, body, visitorId }: ApiCall): Answer {
  if (visitorId === undefined) throw new Refusal(401, 'visitor-unknown')
  if (call === 'POST visitor/messages') {
    state.visitorSays(visitorId, String(body.clientId), body.parts as Message['parts'])
    return { status: 202, result: { clientId: body.clientId } }
  }
  if (call === 'GET visitor/reception') return { status: 200, result: state.reception }
  if (call === 'POST visitor/satisfaction') {
    state.scores.push(body)
    state.reception = { ...state.reception, satisfaction: null }
    return { status: 200, result: { id: body.id, score: body.score } }
  }
  const mine = state.messages.filter((one) => one.contactId === visitorId && one.direction !== 'note')
  return { status: 200, result: { data: mine.map((one) => state.forVisitor(one)), nextCursor: null } }
}

function matches(one: Conversation, query: URLSearchParams, me: string): boolean {
  const assignee = query.get('assigneeId') === 'me' ? me : query.get('assigneeId')
  return (
    (!query.has('status') || one.status === query.get('status')) &&
    (!query.has('heldBy') || one.heldBy === query.get('heldBy')) &&
    (assignee === null || one.assigneeId === assignee)
  )
}
