/** What can be tested, such as the connection of a channel: each check, and how to mend what failed. */
import { useState } from 'preact/hooks'
import { type Channel, type Check, probeChannel } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { channelWords } from '../../i18n/settings-channels.ts'
import { api } from '../calls.ts'
import { attempt, Card } from './parts.tsx'
import { words } from './words.ts'

export function Probe({ channel }: { channel: Channel }) {
  return <ProbeCard title={words(channelWords).probe} probe={() => probeChannel(api, channel.id)} />
}

/** A button, and below it what each check said. */
export function ProbeCard({ title, probe }: { title: string; probe: () => Promise<{ checks: Check[] }> }) {
  const w = words(channelWords)
  const [checks, setChecks] = useState<Check[]>()
  const [busy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    await attempt(async () => setChecks((await probe()).checks))
    setBusy(false)
  }
  return (
    <Card title={title}>
      <div role="status">
        {checks?.length === 0 && <p>{w.probeFine}</p>}
        <ul class="checks-list">
          {checks?.map((check) => (
            <li key={check.name} class={check.ok ? 'is-good' : 'is-bad'}>
              <strong>
                {check.ok ? '✓' : '✗'} {check.name}
              </strong>{' '}
              <span class="unseen">{check.ok ? w.passed : w.failed}</span>
              {check.detail}
              {check.mend && <p>{fill(w.mend, { mend: check.mend })}</p>}
            </li>
          ))}
        </ul>
      </div>
      <button type="button" disabled={busy} onClick={() => void run()}>
        {busy ? w.probing : title}
      </button>
    </Card>
  )
}
