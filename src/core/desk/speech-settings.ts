/** The speech service of a business: where it is, what proves who asks, and what it is asked to do by itself. */
import { hidden } from '../conversations/channel-settings.ts'
import { tenantKey } from '../conversations/channels.ts'
import type { SpeechSettings } from '../events/speech-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import type { Vault } from '../platform/secrets.ts'
import { requireVersion } from '../tenancy/versions.ts'

/** How a speech service is asked, with its key in the clear: never logged. */
export interface SpeechAccess {
  /** Without a slash at the end. */
  readonly url: string
  /** Empty: none is asked for. */
  readonly key: string
  readonly speechModel: string
  readonly voice: string
  readonly transcriptionModel: string
  /** ISO 639-1; empty: the service finds out. */
  readonly language: string
}

/** What an operator has set for all: without an address there is no service of the hub's own. */
export type HubSpeech = SpeechAccess

interface Row extends Omit<SpeechAccess, 'key'> {
  readonly sealedKey: string | null
  readonly transcribeCalls: boolean
  readonly transcribeMessages: boolean
  readonly failingSince: Date | null
  readonly failure: string | null
  readonly version: number
}

export type SpeechChange = Partial<
  Pick<
    SpeechSettings,
    | 'url'
    | 'key'
    | 'speechModel'
    | 'voice'
    | 'transcriptionModel'
    | 'language'
    | 'transcribeCalls'
    | 'transcribeMessages'
  >
>

const columns = `url, sealed_key, speech_model, voice, transcription_model, language, transcribe_calls, transcribe_messages,
  failing_since, failure, version`

const nothing: Row = {
  url: '',
  sealedKey: null,
  speechModel: '',
  voice: '',
  transcriptionModel: '',
  language: '',
  transcribeCalls: false,
  transcribeMessages: false,
  failingSince: null,
  failure: null,
  version: 0,
}

/** As they are shown: what was never said is empty, or off. */
export async function getSpeechSettings(tx: TenantTx, hub: HubSpeech): Promise<SpeechSettings> {
  const { sealedKey, failingSince, failure, ...row } = (await find(tx)) ?? nothing
  return {
    ...row,
    key: sealedKey === null ? '' : hidden,
    isAvailable: row.url !== '' || hub.url !== '',
    failing: failingSince === null ? null : { since: failingSince.toISOString(), detail: failure ?? '' },
  }
}

/**
 * Changes what is given; a key of `****` stays as it is, an empty one is taken away, and one that belongs to another address goes with that.
 * The caller has judged the address. Faults with `version-stale`.
 */
export async function putSpeechSettings(
  tx: TenantTx,
  vault: Vault,
  hub: HubSpeech,
  { key, ...change }: SpeechChange,
  version: number | undefined,
): Promise<SpeechSettings> {
  await tx.run('insert into speech_settings (tenant_id, version) values ($1, 0) on conflict do nothing', tx.tenantId)
  const before = (await find(tx, 'for update')) ?? nothing
  requireVersion(before.version, version)
  const after = { ...before, ...change, url: (change.url ?? before.url).replace(/\/+$/, '') }
  // A key is for the server it was given for: it is not shown to another.
  const kept = after.url === before.url ? before.sealedKey : null
  const sealed =
    key === undefined || key === hidden
      ? kept
      : key === ''
        ? null
        : vault.seal(tx.tenantId, await tenantKey(tx, vault), place, key)
  await tx.run(
    `update speech_settings set url = $2, sealed_key = $3, speech_model = $4, voice = $5, transcription_model = $6, language = $7,
            transcribe_calls = $8, transcribe_messages = $9, failing_since = null, failure = null, version = version + 1
      where tenant_id = $1`,
    tx.tenantId,
    after.url,
    sealed,
    after.speechModel,
    after.voice,
    after.transcriptionModel,
    after.language,
    after.transcribeCalls,
    after.transcribeMessages,
  )
  return getSpeechSettings(tx, hub)
}

/** Whom to ask; undefined where there is no service. */
export async function findSpeechAccess(tx: TenantTx, vault: Vault, hub: HubSpeech): Promise<SpeechAccess | undefined> {
  const row = (await find(tx)) ?? nothing
  const isOwn = row.url !== ''
  if (!isOwn && hub.url === '') return undefined
  const key = row.sealedKey === null ? '' : vault.unseal(tx.tenantId, await tenantKey(tx, vault), place, row.sealedKey)
  return {
    url: isOwn ? row.url : hub.url.replace(/\/+$/, ''),
    // The hub's key is for the hub's service alone.
    key: isOwn ? key : hub.key,
    speechModel: row.speechModel || hub.speechModel,
    voice: row.voice || hub.voice,
    transcriptionModel: row.transcriptionModel || hub.transcriptionModel,
    language: row.language || hub.language,
  }
}

/** Notes how it went the last time; a failure keeps the moment since when it does. */
export async function noteSpeech(tx: TenantTx, failure: string | null): Promise<void> {
  await tx.run(
    `update speech_settings set failure = $2, failing_since = case when $2::text is not null then coalesce(failing_since, now()) end
      where tenant_id = $1 and failure is distinct from $2`,
    tx.tenantId,
    failure,
  )
}

const place = 'speech_settings||key'

function find(tx: TenantTx, lock: '' | 'for update' = ''): Promise<Row | undefined> {
  return tx.maybe<Row>(`select ${columns} from speech_settings where tenant_id = $1 ${lock}`, tx.tenantId)
}
