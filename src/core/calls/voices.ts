/** How the voices of a talk arrived, and what is to be noticed of it. */
import type { CallVoices } from '../events/call-shapes.ts'
import type { TenantTx } from '../platform/database.ts'

/** One side of a talk, as the engine of voices counted it. */
export interface VoiceQuality {
  readonly packets: number
  readonly lost: number
  /** The longest time without any, in ms. */
  readonly gapMs: number
  readonly isHeard: boolean
}

export interface TalkVoices {
  readonly segment: number
  readonly durationMs: number
  readonly caller: VoiceQuality
  readonly agent: VoiceQuality
}

/** Shorter talks say nothing. */
const leastMs = 3000
/** From here on people notice (ITU-T G.113 has G.711 fair at 3 %, with concealment). */
const lossRatio = 0.03
const gapMs = 2000

/** `one-way`: one side was never heard. `silence`: neither was. `loss`, `gap`: packets were lost, or did not come for a while. */
export function flagsOf({ durationMs, caller, agent }: Omit<TalkVoices, 'segment'>): CallVoices['flags'] {
  if (durationMs < leastMs) return []
  const sides = [caller, agent]
  const heard = sides.filter(({ isHeard }) => isHeard).length
  const flags: CallVoices['flags'] = heard === 0 ? ['silence'] : heard === 1 ? ['one-way'] : []
  if (sides.some(({ packets, lost }) => lost > lossRatio * (packets + lost))) flags.push('loss')
  if (sides.some((side) => side.packets > 0 && side.gapMs > gapMs)) flags.push('gap')
  return flags
}

/** Notes how a talk arrived. The same one again changes nothing. */
export async function noteVoices(tx: TenantTx, callId: string, voices: TalkVoices): Promise<void> {
  await tx.run(
    `insert into call_voices (tenant_id, call_id, segment, duration_ms, caller, agent)
     select $1, $2, $3, $4, $5, $6 where exists (select from calls where tenant_id = $1 and id = $2) on conflict do nothing`,
    tx.tenantId,
    callId,
    voices.segment,
    voices.durationMs,
    JSON.stringify(voices.caller),
    JSON.stringify(voices.agent),
  )
}

/** As it is shown. */
export function toVoices({ segment, durationMs, caller, agent }: TalkVoices): CallVoices {
  const shown = ({ packets, lost, gapMs, isHeard }: VoiceQuality) => ({ packets, lost, gapMs, heard: isHeard })
  return {
    segment,
    durationMs,
    flags: flagsOf({ durationMs, caller, agent }),
    caller: shown(caller),
    agent: shown(agent),
  }
}
