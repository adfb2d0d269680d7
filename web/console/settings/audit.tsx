/** The audit log: who changed what, newest first. */
import { useState } from 'preact/hooks'
import { listMembers } from '../../api-agent.ts'
import { type AuditEntry, listAudit } from '../../api-settings.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { auditWords } from '../../i18n/settings-audit.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { locale } from '../store.ts'
import { attempt, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { moment } from './times.ts'
import { words } from './words.ts'

/** What is done to, as actions begin. */
const nouns = [
  'member',
  'group',
  'channel',
  'key',
  'webhook',
  'calendar',
  'text',
  'contact',
  'ticket',
  'session',
] as const

export function AuditPage() {
  const w = words(auditWords)
  const s = words(settingsWords)
  const [noun, setNoun] = useState('')
  const [actorId, setActorId] = useState('')
  const filter = { ...(noun && { action: `${noun}.*` }), ...(actorId && { actorId }) }
  const members = useLoaded(() => everyPage((cursor) => listMembers(api, cursor)))
  const loaded = useLoaded(() => listAudit(api, filter), `${noun} ${actorId}`)
  const nameOf = (id: string) => members.data?.find((one) => one.id === id)?.name ?? id
  const more = (shown: { data: AuditEntry[]; nextCursor: string | null }) =>
    attempt(async () => {
      const next = await listAudit(api, { ...filter, cursor: shown.nextCursor ?? '' })
      loaded.put({ ...next, data: [...shown.data, ...next.data] })
    })
  return (
    <>
      <PageHead title={w.audit} hint={w.auditHint} />
      <div class="card line">
        <select aria-label={w.what} value={noun} onChange={({ currentTarget }) => setNoun(currentTarget.value)}>
          <option value="">{w.everything}</option>
          {nouns.map((one) => (
            <option key={one} value={one}>
              {w[one]}
            </option>
          ))}
        </select>
        <select aria-label={w.who} value={actorId} onChange={({ currentTarget }) => setActorId(currentTarget.value)}>
          <option value="">{w.everybody}</option>
          {members.data?.map((member) => (
            <option key={member.id} value={member.id}>
              {member.name}
            </option>
          ))}
        </select>
      </div>
      <Show of={loaded}>
        {(shown) => (
          <>
            {shown.data.length === 0 && <Empty title={w.empty} />}
            <ul class="rows">
              {shown.data.map((entry) => (
                <li key={entry.id} class="row-plain">
                  <span class="row-text">
                    <strong>{nameOf(entry.actorId)}</strong> <code>{entry.action}</code>{' '}
                    {entry.subject && nameOf(entry.subject)}
                    <small>
                      {moment(locale.value, entry.at)} {entry.address}
                    </small>
                    {entry.changes.length > 0 && (
                      <details>
                        <summary>{w.changes}</summary>
                        <dl class="changes">
                          {entry.changes.map(({ field, before, after }) => (
                            <div key={field}>
                              <dt>{field}</dt>
                              <dd>
                                {shownValue(before)} → {shownValue(after)}
                              </dd>
                            </div>
                          ))}
                        </dl>
                      </details>
                    )}
                  </span>
                </li>
              ))}
            </ul>
            {shown.nextCursor && (
              <button type="button" onClick={() => void more(shown)}>
                {s.more}
              </button>
            )}
          </>
        )}
      </Show>
    </>
  )
}

const shownValue = (value: unknown): string =>
  value === undefined ? '—' : typeof value === 'string' ? value : JSON.stringify(value)
