/** Every route of the API at once, on a database of its own, with nothing at work behind them. */
import { agentStatuses } from '../../src/api/routes/agent-statuses.ts'
import { apiKeys } from '../../src/api/routes/api-keys.ts'
import { audit } from '../../src/api/routes/audit.ts'
import { blockedIdentities } from '../../src/api/routes/blocked-identities.ts'
import { calendars } from '../../src/api/routes/calendars.ts'
import { callPlans } from '../../src/api/routes/call-plans.ts'
import { callRecordings } from '../../src/api/routes/call-recordings.ts'
import { callTalks } from '../../src/api/routes/call-talks.ts'
import { calls } from '../../src/api/routes/calls.ts'
import { cannedReplies } from '../../src/api/routes/canned-replies.ts'
import { channels } from '../../src/api/routes/channels.ts'
import { commands } from '../../src/api/routes/commands.ts'
import { contactMerges } from '../../src/api/routes/contact-merges.ts'
import { contactOrder } from '../../src/api/routes/contact-order.ts'
import { contactParts } from '../../src/api/routes/contact-parts.ts'
import { contactPrivacy } from '../../src/api/routes/contact-privacy.ts'
import { contactTransfer } from '../../src/api/routes/contact-transfer.ts'
import { contacts } from '../../src/api/routes/contacts.ts'
import { conversationEnds } from '../../src/api/routes/conversation-ends.ts'
import { conversationParts } from '../../src/api/routes/conversation-parts.ts'
import { conversations } from '../../src/api/routes/conversations.ts'
import { entryRules } from '../../src/api/routes/entry-rules.ts'
import { events } from '../../src/api/routes/events.ts'
import { files } from '../../src/api/routes/files.ts'
import { groups } from '../../src/api/routes/groups.ts'
import { handover } from '../../src/api/routes/handover.ts'
import { health } from '../../src/api/routes/health.ts'
import { looks } from '../../src/api/routes/looks.ts'
import { me } from '../../src/api/routes/me.ts'
import { members } from '../../src/api/routes/members.ts'
import { metrics } from '../../src/api/routes/metrics.ts'
import { offers } from '../../src/api/routes/offers.ts'
import { phones } from '../../src/api/routes/phones.ts'
import { places } from '../../src/api/routes/places.ts'
import { presence } from '../../src/api/routes/presence.ts'
import { routing } from '../../src/api/routes/routing.ts'
import { satisfaction } from '../../src/api/routes/satisfaction.ts'
import { satisfactionPage } from '../../src/api/routes/satisfaction-page.ts'
import { search } from '../../src/api/routes/search.ts'
import { sessions } from '../../src/api/routes/sessions.ts'
import { setAside } from '../../src/api/routes/set-aside.ts'
import { simulations } from '../../src/api/routes/simulations.ts'
import { speechRoutes } from '../../src/api/routes/speech.ts'
import { stream } from '../../src/api/routes/stream.ts'
import { texts } from '../../src/api/routes/texts.ts'
import { ticketParts } from '../../src/api/routes/ticket-parts.ts'
import { ticketSettings } from '../../src/api/routes/ticket-settings.ts'
import { tickets } from '../../src/api/routes/tickets.ts'
import { verificationFiles } from '../../src/api/routes/verification-files.ts'
import { visitor } from '../../src/api/routes/visitor.ts'
import { visitorCallback } from '../../src/api/routes/visitor-callback.ts'
import { visitorFiles } from '../../src/api/routes/visitor-files.ts'
import { visitorReception } from '../../src/api/routes/visitor-reception.ts'
import { webhookDeliveries } from '../../src/api/routes/webhook-deliveries.ts'
import { webhooks } from '../../src/api/routes/webhooks.ts'
import { wrapUps } from '../../src/api/routes/wrap-ups.ts'
import type { RoutePlugin, ServerParts } from '../../src/api/server.ts'
import { Streams } from '../../src/api/stream/streams.ts'
import { openRegistry } from '../../src/connectors/registry.ts'
import { openEgress } from '../../src/connectors/runtime/egress.ts'
import { newCall } from '../../src/core/calls/machine.ts'
import { newId, newRandomId } from '../../src/core/platform/ids.ts'
import { type Business, startTestApi, type TestApi } from './api.ts'
import { openTestFiles } from './files.ts'

export async function startWholeApi(): Promise<TestApi> {
  const registry = await openRegistry()
  let streams: Streams | undefined
  const withStreams =
    <P>(route: (parts: ServerParts & { streams: Streams }) => P) =>
    (parts: ServerParts) => {
      streams ??= new Streams({ ...parts, sessionIdleHours: parts.settings.sessionIdleHours })
      return route({ ...parts, streams })
    }
  const receive = async () => {}
  const testFiles = openTestFiles()
  const egress = openEgress({ allow: [], maxResponseBytes: 1000, timeoutMs: 5000 })
  const hub = { url: '', key: '', speechModel: 'x', voice: 'x', transcriptionModel: 'x', language: '' }
  const plain = [
    sessions,
    me,
    members,
    apiKeys,
    groups,
    presence,
    agentStatuses,
    commands,
    offers,
    wrapUps,
    routing,
    simulations,
    places,
    entryRules,
    cannedReplies,
    calendars,
    texts,
    satisfaction,
    satisfactionPage,
    visitorReception,
    visitorCallback,
    handover,
    conversationEnds,
    search,
    setAside,
    audit,
    verificationFiles,
    health,
    metrics,
    contacts,
    tickets,
    ticketParts,
    ticketSettings,
    contactParts,
    contactMerges,
    contactPrivacy,
    contactOrder,
    blockedIdentities,
    events,
    calls,
    callPlans,
    callRecordings,
    callTalks,
    phones,
  ]
  const talking: ((parts: ServerParts) => RoutePlugin)[] = [
    (parts) => channels({ ...parts, registry }),
    (parts) => conversationParts({ ...parts, registry }),
    (parts) => webhooks({ ...parts, egress }),
    (parts) => webhookDeliveries({ ...parts, egress }),
    withStreams((parts) => conversations({ ...parts, registry, signals: parts.streams.signals })),
    withStreams((parts) => stream(parts)),
    withStreams((parts) => visitor({ ...parts, registry, receive })),
    (parts) => contactTransfer({ ...parts, files: testFiles }),
    (parts) => files({ ...parts, files: testFiles }),
    (parts) => looks({ ...parts, files: testFiles }),
    (parts) => speechRoutes({ ...parts, files: testFiles, speech: { egress, hub } }),
    (parts) => visitorFiles({ ...parts, files: testFiles }),
  ]
  const api = await startTestApi([...plain, ...talking])
  return {
    ...api,
    async close() {
      await api.close()
      testFiles.close()
    },
  }
}

/** A tenant in which there is one of everything. */
export interface FullShop extends Business {
  readonly ids: Readonly<Record<Thing, string>>
  /** A token of a visitor of its channel. */
  readonly visitorToken: string
}

export type Thing =
  | 'member'
  | 'key'
  | 'group'
  | 'channel'
  | 'contact'
  | 'contactKey'
  | 'otherContact'
  | 'merge'
  | 'contactImport'
  | 'contactField'
  | 'contactGroup'
  | 'blockedIdentity'
  | 'note'
  | 'conversation'
  | 'message'
  | 'offer'
  | 'command'
  | 'ticket'
  | 'otherTicket'
  | 'record'
  | 'file'
  | 'endpoint'
  | 'cannedReply'
  | 'calendar'
  | 'satisfaction'
  | 'verificationFile'
  | 'entryRule'
  | 'event'
  | 'call'
  | 'phone'

export async function makeFullShop(api: TestApi): Promise<FullShop> {
  const business = await api.business()
  const { tenant, admin, agent } = business
  const post = async (path: string, body: unknown, token = admin.token) =>
    (await api.ask('POST', path, { token, body })).json()
  const member = (await api.person(tenant.id, { role: 'agent' })).member.id
  const key = (await post('/v1/api-keys', { name: 'CRM', scopes: ['event:read'] })).key.id
  const group = (await post('/v1/groups', { name: '售前' })).id
  await api.ask('PUT', `/v1/groups/${group}/members/${member}`, { token: admin.token, body: {} })
  const channel = (await post('/v1/channels', { kind: 'webchat', name: '网站', settings: {} })).id
  const contact = (await post('/v1/contacts', { name: '韩梅梅' })).id
  const otherContact = (await post('/v1/contacts', { name: '李雷' })).id
  const twin = (await post('/v1/contacts', { name: '韩梅' })).id
  const merge = (await post(`/v1/contacts/${contact}/merges`, { contactId: twin })).merge.id
  const contactKey = `ext:crm:${newId('ctc')}`
  await post(`/v1/contacts/${contact}/identities`, { kind: 'ext', scope: 'crm', address: contactKey.slice(8) })
  const contactField = `field-${newId('job')}`
  await api.ask('PUT', `/v1/contact-fields/${contactField}`, {
    token: admin.token,
    body: { label: '等级', type: 'text' },
  })
  const contactGroup = (await post('/v1/contact-groups', { name: '老客户' })).id
  const blockedIdentity = (await post('/v1/blocked-identities', { kind: 'custom', address: newId('job') })).id
  const contactImport = newId('imp')
  await api.read(tenant.id, (tx) =>
    tx.run(
      `insert into contact_imports (tenant_id, id, state, name, format, columns, total, created_by)
       values ($1, $2, 'draft', 'a.csv', 'csv', '[{"name": "姓名", "samples": []}]', 0, 'test')`,
      tenant.id,
      contactImport,
    ),
  )
  const note = (await post(`/v1/contacts/${contact}/notes`, { text: '喜欢绿茶' })).id
  const [conversation, message, offer, file] = [newId('cnv'), newId('msg'), newId('ofr'), newRandomId('fil')]
  const call = newId('cal')
  await api.read(tenant.id, async (tx) => {
    await tx.run(
      `insert into conversations (tenant_id, id, contact_id, slot, held_by, assignee_id, channel_id, peer, last_number, group_id)
       values ($1, $2, $3, $3, 'agent', $4, $5, 'peer', 1, $6)`,
      tenant.id,
      conversation,
      contact,
      agent.member.id,
      channel,
      group,
    )
    await tx.run(
      `insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, channel_id, peer,
                             parts, status, sent_at)
       values ($1, $2, $3, $4, 1, 'in', 'contact', $5, 'peer', '[{"type":"text","text":"在吗"}]', 'received', now())`,
      tenant.id,
      message,
      conversation,
      contact,
      channel,
    )
    await tx.run(
      `insert into files (tenant_id, id, state, uploader_kind, uploader_id, message_id, name, media_type, bytes, sha256, blob_key)
       values ($1, $2, 'ready', 'member', $3, $4, 'a.pdf', 'application/pdf', 1, 'x', 'x')`,
      tenant.id,
      file,
      agent.member.id,
      message,
    )
    await tx.run(
      `insert into offers (tenant_id, id, engine_id, item_id, conversation_id, agent_id, group_id, state, expires_at, created_at)
       values ($1, $2, $2, 'w', $3, $4, $5, 'open', now() + interval '1 hour', now())`,
      tenant.id,
      offer,
      conversation,
      agent.member.id,
      group,
    )
    await tx.run(
      `insert into calls (tenant_id, id, channel_id, conversation_id, direction, number, dialled, state, record, started_at)
       values ($1, $2, $3, $4, 'in', '13800138000', '9000', 'received', $5, now())`,
      tenant.id,
      call,
      channel,
      conversation,
      JSON.stringify(newCall(0)),
    )
  })
  const phone = (await post('/v1/phones', { channelId: channel, extension: '8001' })).phone.id
  const command = (await api.ask('PUT', '/v1/presence/me', { token: agent.token, body: { state: 'online' } })).json()
    .commandId
  const [row] = await api.db.ground<{ id: number }>(
    `insert into set_aside (consumer, topic, partition, "offset", key, tenant_id, value, state)
     values ('ingest', 'inbound', 0, (select count(*) from set_aside), 'k', $1, '', 'failed') returning id`,
    tenant.id,
  )
  const makeTicket = async () => (await post('/v1/tickets', { subject: '退货', contactId: contact, groupId: group })).id
  const ticket = await makeTicket()
  const otherTicket = await makeTicket()
  const put = (path: string, body: unknown) => api.ask('PUT', path, { token: admin.token, body })
  await put('/v1/ticket-categories/returns', { name: '退货' })
  await put('/v1/ticket-fields/order-no', { name: '订单号', type: 'text' })
  const visitorToken = (await post('/v1/visitor/sessions', { channelId: channel })).token
  const record = String(row?.id)
  const cannedReply = (await post('/v1/canned-replies', { title: '您好', text: '您好', own: false })).id
  const weekly = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] }
  await api.ask('PUT', '/v1/texts/all/greeting/zh-CN', { token: admin.token, body: { text: '您好' } })
  await api.ask('PUT', '/v1/me/greetings/zh-CN', { token: agent.token, body: { text: '您好' } })
  const satisfaction = (await post(`/v1/conversations/${conversation}/satisfaction`, undefined)).id
  const calendar = (await post('/v1/calendars', { name: '客服', weekly })).id
  const entryRule = (
    await post('/v1/entry-rules', { name: '广东', when: { regions: ['广东'] }, target: { groupId: group } })
  ).id
  const endpoint = (await post('/v1/webhooks', { url: 'http://hook.invalid/' })).endpoint.id
  const verificationFile = `MP_verify_${newId('job').slice(4)}.txt`
  await put(`/v1/verification-files/${verificationFile}`, { content: 'x' })
  const event = newId('evt')
  await api.db.work('test', [tenant.id], (tx) =>
    tx.run(
      `insert into events (position, tenant_id, seq, event_id, type, subject, data, actor_id, at, taken_at)
       values ((select coalesce(max(position), 0) + 1000000 from events), $1, 1000000, $2, 'member.presence', 'x', '{}', 'test', now(), now())`,
      tenant.id,
      event,
    ),
  )
  return {
    ...business,
    visitorToken,
    ids: {
      member,
      key,
      group,
      channel,
      contact,
      contactKey,
      otherContact,
      merge,
      contactImport,
      contactField,
      contactGroup,
      blockedIdentity,
      note,
      conversation,
      message,
      offer,
      command,
      record,
      endpoint,
      cannedReply,
      calendar,
      satisfaction,
      verificationFile,
      entryRule,
      event,
      ticket,
      otherTicket,
      file,
      call,
      phone,
    },
  }
}
