/** What a connector that carries calls is given: the books of its channel's calls, its phones, and routing's word on who has a call. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Directed, receiveCall, tellCall } from '../../core/calls/calls.ts'
import { requireDiallable } from '../../core/calls/dialling.ts'
import { askCall, awaitAct, interruptCalls, noteWire } from '../../core/calls/live.ts'
import { noteLookup } from '../../core/calls/lookups.ts'
import type { CallNews, Unanswered } from '../../core/calls/machine.ts'
import { findPhone, realm, registerPhone } from '../../core/calls/phones.ts'
import { keepRecording, type NewRecording, promiseRecording } from '../../core/calls/recordings.ts'
import { noteVoices } from '../../core/calls/voices.ts'
import { scoreCall } from '../../core/desk/keypad.ts'
import { ticketOfVoicemail } from '../../core/desk/voicemail.ts'
import type { BlobStore } from '../../core/platform/blobs.ts'
import type { Database, TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { awaitOutcome, hintCommand, issueCommand } from '../../routing/commands.ts'
import { Flows } from '../../routing/flows.ts'
import { readPlaces } from '../../routing/places.ts'
import type { CallDesk } from '../contract.ts'
import { keepConversation } from './call-acts.ts'
import type { Served } from './served.ts'

/** What calls need beside the rest of a hub. */
export interface Telephony {
  readonly wake: Wake
  readonly blobs: BlobStore
  readonly host: string
  readonly address: string
  readonly rtpPorts: readonly [number, number]
  readonly rtpengine: string
  readonly drachtio?: CallDesk['place']['drachtio']
  /** A folder of this hub for what is being recorded. */
  readonly spool: string
}

interface Parts {
  readonly db: Database
  readonly vault: Vault
  readonly telephony?: Telephony
}

/** How long an agent may talk with whom they ask before routing asks somebody else. */
const considerMs = 3_600_000
/** How long a phone waits until whom it asks is looked for. */
const consultMs = 15_000
/** How long a phone that was picked up waits for routing's word. */
const decisionMs = 3000

/** The desk of one channel. Throws a Fault `telephony-missing` where nothing is set up for calls. */
export function callDesk({ db, vault, telephony }: Parts, { tenantId, channelId }: Served): CallDesk {
  if (telephony === undefined) {
    throw new Fault('unavailable', 'telephony-missing', 'This process is not set up for telephone calls.')
  }
  const { wake, blobs, host, address, rtpPorts, rtpengine, drachtio } = telephony
  const actor = { id: channelId, tenantId }
  const flows = new Flows()
  const within = async <T>(work: (tx: TenantTx) => Promise<T>): Promise<T> => {
    const result = await db.transaction(actor, work)
    wake.hint('outbox')
    return result
  }
  const tell = (callId: string, news: CallNews) =>
    within(async (tx) => {
      const directed = await tellCall(tx, callId, { ...news, at: Date.now() })
      const { score, end, plan } = directed.record
      for (const command of directed.commands) {
        if (command.do === 'keep') await keepConversation(tx, callId, directed.record, command)
      }
      if (directed.changed && news.type === 'pressed' && score !== undefined) await scoreCall(tx, callId, score)
      if (directed.changed && end === 'voicemail' && plan?.voicemail?.makes === 'ticket')
        await ticketOfVoicemail(tx, callId)
      return directed
    })

  return {
    place: {
      host,
      address,
      rtpPorts,
      rtpengine,
      ...(drachtio !== undefined && { drachtio }),
      spool: join(telephony.spool, channelId),
    },
    realm,
    refer: (callId, user) => refer({ db, wake }, actor, channelId, callId, user),
    consult: (callId, user) => consult({ db, wake }, actor, channelId, callId, user),
    key: vault.derive('sip digest'),
    receive: (call) => within((tx) => receiveCall(tx, wake, channelId, call, Date.now())),
    async tell(callId, news) {
      if (news.type !== 'answered') {
        const directed = await tell(callId, news)
        if (news.type === 'unanswered') await decline({ db, wake }, actor, directed, news)
        return directed
      }
      const isTheirs = await isAcceptedFor({ db, wake }, actor, callId, news.leg)
      // Let go before it is told to anybody that it answered: the phone that was picked up hears that the line is free again.
      if (!isTheirs)
        return tell(callId, { type: 'unanswered', leg: news.leg, outcome: 'withdrawn' }).then(letGo(news.leg))
      return tell(callId, news)
    },
    standing: (callId) => db.transaction(actor, (tx) => standingOf(tx, flows, callId)),
    phone: (extension) => db.transaction(actor, (tx) => findPhone(tx, vault, channelId, extension)),
    mayDial: (number) =>
      db
        .transaction(actor, (tx) => requireDiallable(tx, channelId, number, Date.now(), 1))
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof Fault) return false
            throw error
          },
        ),
    async register(extension, at) {
      await within((tx) => registerPhone(tx, channelId, extension, at))
      wake.hint('calls')
    },
    noteLookup: (callId, lookup) => within((tx) => noteLookup(tx, callId, lookup, Date.now())),
    noteVoices: (callId, voices) => db.transaction(actor, (tx) => noteVoices(tx, callId, voices)),
    async keep({ path, ...recording }) {
      const { size: bytes } = await stat(path)
      const given: NewRecording = { ...recording, bytes, sha256: await digestOf(path) }
      const promised = await within((tx) => promiseRecording(tx, given))
      if (promised !== undefined) {
        await blobs.put(promised.blobKey, createReadStream(path), { bytes, sha256: given.sha256 })
        await within((tx) => keepRecording(tx, promised.fileId, given))
      }
      await rm(path, { force: true })
    },
    note: (callId, wire) => db.transaction(actor, (tx) => noteWire(tx, callId, wire)),
    interrupt: () => within((tx) => interruptCalls(tx, channelId, Date.now())),
  }
}

async function standingOf(tx: TenantTx, flows: Flows, callId: string) {
  const call = await tx.maybe<{ conversationId: string }>(
    'select conversation_id from calls where tenant_id = $1 and id = $2 and ended_at is null',
    tx.tenantId,
    callId,
  )
  if (call === undefined) return undefined
  const [place] = await readPlaces(tx, flows, Date.now(), call.conversationId)
  return place && { position: place.position, waitMs: place.estimate?.ms ?? null }
}

type Ground = { readonly db: Database; readonly wake: Wake }

function letGo(leg: string): (directed: Directed) => Directed {
  return (directed) => ({ ...directed, commands: [...directed.commands, { do: 'release', leg }] })
}

interface Wanted {
  readonly conversationId: string
  readonly direction: string
  readonly memberId?: string
  readonly number?: string
}

/** Whom a phone means: the member of that extension, or a number outside that may be called. Undefined for nobody. Faults as `requireDiallable`. */
async function wantedBy(tx: TenantTx, channelId: string, callId: string, user: string): Promise<Wanted | undefined> {
  const found = await tx.maybe<{
    conversationId: string
    direction: string
    memberId: string | null
    isOurs: boolean
    isHolder: boolean
  }>(
    `select k.conversation_id, k.direction, p.member_id, p.id is not null as is_ours, p.member_id is not distinct from c.assignee_id as is_holder
       from calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id
       left join phones p on p.tenant_id = k.tenant_id and p.channel_id = k.channel_id and p.extension = $3
      where k.tenant_id = $1 and k.id = $2`,
    tx.tenantId,
    callId,
    user,
  )
  if (found === undefined || (found.isOurs && (found.memberId === null || found.isHolder))) return undefined
  const { conversationId, direction, memberId } = found
  if (memberId !== null) return { conversationId, direction, memberId }
  return { conversationId, direction, number: (await requireDiallable(tx, channelId, user, Date.now())).number }
}

/** To the member of that extension goes the conversation; any other number is one outside, if it may be called. */
async function refer({ db, wake }: Ground, actor: Actor, channelId: string, callId: string, user: string) {
  const asked = await db.transaction(actor, async (tx) => {
    const wanted = await wantedBy(tx, channelId, callId, user)
    if (wanted?.memberId === undefined) return wanted && { number: wanted.number ?? '' }
    const { conversationId, memberId } = wanted
    return { commandId: await issueCommand(tx, { kind: 'assign', conversationId, memberId, override: true }) }
  })
  if (asked === undefined || !('commandId' in asked)) return asked
  hintCommand(wake, actor.tenantId)
  const outcome = await awaitOutcome(db, wake, actor, asked.commandId, decisionMs)
  return outcome?.result === 'done' ? {} : undefined
}

/** As an agent asks in the console. A call that went out is not routing's: from it only numbers are asked. */
async function consult({ db, wake }: Ground, actor: Actor, channelId: string, callId: string, user: string) {
  const asked = await db
    .transaction(actor, async (tx) => {
      const wanted = await wantedBy(tx, channelId, callId, user)
      if (wanted === undefined || (wanted.memberId !== undefined && wanted.direction === 'out')) return 'unknown'
      const { memberId, number } = wanted
      return {
        id: await askCall(tx, callId, 'consult', memberId === undefined ? { number: number ?? '' } : { memberId }),
      }
    })
    .catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error
      return error.code === 'call-over' ? 'refused' : error.code === 'number-malformed' ? 'unknown' : 'barred'
    })
  if (typeof asked === 'string') return asked
  wake.hint('calls')
  return (await awaitAct(db, wake, actor, asked.id, consultMs)) ?? 'refused'
}

/**
 * Whether the call is theirs who answered: a member's by their offer, or because it was already; asks routing where it is open. Routing has no say
 * where a number outside answers, or the phone of whoever makes a call.
 */
async function isAcceptedFor({ db, wake }: Ground, actor: Actor, callId: string, leg: string): Promise<boolean> {
  const asked = await db.transaction(actor, async (tx) => {
    const found = await legOf(tx, callId, leg)
    if (found?.memberId == null || found.offerId === null || found.offerState !== 'open') return { found }
    const { offerId, memberId } = found
    // Who is asked has nothing yet: it is theirs when it is handed over.
    const answer = found.isAsked
      ? ({ kind: 'consider', offerId, memberId, forMs: considerMs } as const)
      : ({ kind: 'accept', offerId, memberId } as const)
    return { found, commandId: await issueCommand(tx, answer) }
  })
  if (asked.found?.needsNobody) return true
  if (asked.commandId !== undefined) {
    hintCommand(wake, actor.tenantId)
    const outcome = await awaitOutcome(db, wake, actor, asked.commandId, decisionMs)
    if (outcome?.result === 'done') return true
  }
  const now = await db.transaction(actor, (tx) => legOf(tx, callId, leg))
  return now !== undefined && now.assigneeId === now.memberId
}

type Actor = { readonly id: string; readonly tenantId: string }

interface FoundLeg {
  /** Null for a number outside. */
  readonly memberId: string | null
  /** It is a number outside, or the phone of whoever makes the call. */
  readonly needsNobody: boolean
  /** The agent who has the caller only asks them. */
  readonly isAsked: boolean
  readonly offerId: string | null
  readonly offerState: string | null
  readonly assigneeId: string | null
}

function legOf(tx: TenantTx, callId: string, leg: string): Promise<FoundLeg | undefined> {
  return tx.maybe<FoundLeg>(
    `select l.leg->>'memberId' as member_id, l.leg->>'offerId' as offer_id, o.state as offer_state, c.assignee_id,
            (l.leg->>'number' is not null or k.direction = 'out' and k.record->>'answeredAt' is null) as needs_nobody,
            k.record ? 'consult' as is_asked
       from calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id
       cross join lateral jsonb_array_elements(k.record->'legs') as l (leg)
       left join offers o on o.tenant_id = k.tenant_id and o.id = l.leg->>'offerId'
      where k.tenant_id = $1 and k.id = $2 and l.leg->>'id' = $3`,
    tx.tenantId,
    callId,
    leg,
  )
}

/** A phone that says no says it for its member: the offer goes on to the next at once. */
async function decline(
  { db, wake }: Ground,
  actor: Actor,
  { callId, record }: Directed,
  { leg, outcome }: { readonly leg: string; readonly outcome: Unanswered },
): Promise<void> {
  const found = record.legs.find(({ id }) => id === leg)
  if (found?.offerId == null || found.memberId === null || outcome === 'withdrawn') return
  const { offerId, memberId } = found
  await db.transaction(actor, async (tx) => {
    const now = await legOf(tx, callId, leg)
    if (now?.offerState === 'open') await issueCommand(tx, { kind: 'decline', offerId, memberId, reason: outcome })
  })
  hintCommand(wake, actor.tenantId)
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
