/** The pages of a channel beside its account, as far as its kind has any. */
import type { Channel, ChannelKind, SkillGroup } from '../../api-settings.ts'
import { callPlanWords } from '../../i18n/settings-calls.ts'
import { channelWords } from '../../i18n/settings-channels.ts'
import { lazy } from '../lazy.tsx'
import { words } from './words.ts'

export const CallPlanTab = lazy<{ channel: Channel; groups: readonly SkillGroup[] }>(
  async () => (await import('./call-plan.tsx')).CallPlanTab,
)
export const PhonesTab = lazy<{ channel: Channel }>(async () => (await import('./phones.tsx')).PhonesTab)

interface Tab {
  name: string
  label: string
}

/** What there is to set of a channel beside its account. */
export function tabsOf(kind: ChannelKind | undefined): Tab[] {
  if (kind?.kind === 'webchat') return [{ name: 'look', label: words(channelWords).look }]
  if (!(kind?.capabilities as { calls?: boolean } | undefined)?.calls) return []
  const w = words(callPlanWords)
  return [
    { name: 'plan', label: w.plan },
    { name: 'phones', label: w.phones },
  ]
}

export function Tabs({
  channel: { id },
  tab,
  tabs,
}: {
  channel: Channel
  tab: string | undefined
  tabs: readonly Tab[]
}) {
  const w = words(channelWords)
  if (tabs.length === 0) return null
  return (
    <nav class="tabs-row" aria-label={w.settings}>
      <a href={`#/settings/channels/${id}`} aria-current={tab === undefined ? 'page' : undefined}>
        {w.settings}
      </a>
      {tabs.map(({ name, label }) => (
        <a key={name} href={`#/settings/channels/${id}/${name}`} aria-current={tab === name ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  )
}
