/** Trying the entry rules, and the order of what decides before and after them. */
import { useState } from 'preact/hooks'
import { type EntrySource, type EntryTrial as Outcome, setEntryPrecedence, tryEntryRules } from '../../api-entry.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { entryWords } from '../../i18n/settings-entry.ts'
import { api } from '../calls.ts'
import { type EntryParts, groupName } from './entry-parts.ts'
import { attempt, Card } from './parts.tsx'
import { words } from './words.ts'

export function EntryTrial({ all }: { all: EntryParts }) {
  const w = words(entryWords)
  const [outcome, setOutcome] = useState<Outcome>()
  const tryThem = (form: HTMLFormElement) => {
    const data = new FormData(form)
    const channelId = String(data.get('channel'))
    return attempt(async () =>
      setOutcome(await tryEntryRules(api, { text: String(data.get('text')), ...(channelId && { channelId }) })),
    )
  }
  return (
    <Card title={w.tryIt} hint={w.tryHint}>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault()
          void tryThem(event.currentTarget as HTMLFormElement)
        }}
      >
        <input name="text" aria-label={w.text} placeholder={w.text} maxLength={1000} />
        <select name="channel" aria-label={w.channel}>
          <option value="">{w.channel}</option>
          {all.channels.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <button type="submit">{w.tried}</button>
      </form>
      <div role="status">
        {outcome && (
          <>
            <p>
              <strong>
                {outcome.verdict
                  ? fill(w.taken, { name: outcome.verdict.name, group: groupName(all, outcome.verdict.groupId) })
                  : w.noneFits}
              </strong>
            </p>
            {outcome.passed.map(({ ruleId, name, reason }) => (
              <p class="hint" key={ruleId}>
                {fill(w.passed, { name, reason: reasonText(reason, w) })}
              </p>
            ))}
          </>
        )}
      </div>
    </Card>
  )
}

function reasonText(reason: string, w: Record<string, string>): string {
  if (reason === 'disabled') return w.disabled ?? reason
  if (reason === 'nobody-on-duty') return w.nobodyOnDuty ?? reason
  if (reason === 'group-gone') return w.groupGone ?? reason
  return fill(w.unmet ?? '', { condition: w[reason === 'channel' ? 'channelIds' : reason] ?? reason })
}

const sources = ['designated', 'rules', 'last-agent', 'channel'] as const

export function Precedence({
  precedence,
  onChange,
}: {
  precedence: readonly EntrySource[]
  onChange: () => Promise<void>
}) {
  const w = words(entryWords)
  const s = words(settingsWords)
  const put = (changed: readonly EntrySource[]) =>
    attempt(async () => {
      await setEntryPrecedence(api, changed)
      await onChange()
    }, s.saved)
  const nameOf = (source: EntrySource) => (source === 'channel' ? w['by-channel'] : w[source])
  const swapped = (index: number, other: number) =>
    precedence.map((one, at) => precedence[at === index ? other : at === other ? index : at] ?? one)
  return (
    <Card title={w.precedence} hint={w.precedenceHint}>
      <ul class="lines">
        {precedence.map((source, index) => (
          <li key={source} class="line">
            <span class="row-text">
              {index + 1}. {nameOf(source)}
            </span>
            <button
              type="button"
              aria-label={`${s.moveUp} ${nameOf(source)}`}
              disabled={index === 0}
              onClick={() => void put(swapped(index, index - 1))}
            >
              ↑
            </button>
            <button
              type="button"
              disabled={precedence.length === 1}
              aria-label={`${s.off} ${nameOf(source)}`}
              onClick={() => void put(precedence.filter((one) => one !== source))}
            >
              {s.off}
            </button>
          </li>
        ))}
        {sources
          .filter((source) => !precedence.includes(source))
          .map((source) => (
            <li key={source} class="line">
              <span class="row-text hint">{nameOf(source)}</span>
              <button
                type="button"
                aria-label={`${s.on} ${nameOf(source)}`}
                onClick={() => void put([...precedence, source])}
              >
                {s.on}
              </button>
            </li>
          ))}
      </ul>
    </Card>
  )
}
