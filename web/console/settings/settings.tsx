/** The settings: on the left what there is to set, as far as one may; on the right one page of it. */
import type { FunctionComponent } from 'preact'
import { settingsWords } from '../../i18n/settings.ts'
import { auditWords } from '../../i18n/settings-audit.ts'
import { channelWords } from '../../i18n/settings-channels.ts'
import { cannedWords, contactWords, ticketSettingWords } from '../../i18n/settings-desk.ts'
import { endingWords, verificationWords } from '../../i18n/settings-endings.ts'
import { entryWords } from '../../i18n/settings-entry.ts'
import { hoursWords, textWords } from '../../i18n/settings-hours.ts'
import { keyWords, webhookWords } from '../../i18n/settings-programs.ts'
import { speechWords } from '../../i18n/settings-speech.ts'
import { groupWords, memberWords } from '../../i18n/settings-team.ts'
import { lazy } from '../lazy.tsx'
import { sheets } from '../sheets.ts'
import { may } from '../store.ts'
import sheet from '../style/settings.css?url'
import fieldSheet from '../style/settings-fields.css?url'
import lookSheet from '../style/settings-look.css?url'
import { Questions } from './parts.tsx'
import { place } from './place.ts'
import { words } from './words.ts'

/** Resolves when the settings' style sheets are there. */
export const styled = sheets(sheet, fieldSheet, lookSheet)

interface PageProps {
  path: readonly string[]
}

/** Each comes when it is first shown. */
const pages = {
  Account: lazy<PageProps>(async () => (await import('./account.tsx')).AccountPage),
  Audit: lazy<PageProps>(async () => (await import('./audit.tsx')).AuditPage),
  CannedReplies: lazy<PageProps>(async () => (await import('./canned-replies.tsx')).CannedRepliesPage),
  Channels: lazy<PageProps>(async () => (await import('./channels.tsx')).ChannelsPage),
  Contacts: lazy<PageProps>(async () => (await import('./contacts.tsx')).ContactsPage),
  Endings: lazy<PageProps>(async () => (await import('./endings.tsx')).EndingsPage),
  EntryRules: lazy<PageProps>(async () => (await import('./entry-rules.tsx')).EntryRulesPage),
  Groups: lazy<PageProps>(async () => (await import('./groups.tsx')).GroupsPage),
  Hours: lazy<PageProps>(async () => (await import('./hours.tsx')).HoursPage),
  Keys: lazy<PageProps>(async () => (await import('./keys.tsx')).KeysPage),
  Members: lazy<PageProps>(async () => (await import('./members.tsx')).MembersPage),
  Speech: lazy<PageProps>(async () => (await import('./speech.tsx')).SpeechPage),
  Texts: lazy<PageProps>(async () => (await import('./texts.tsx')).TextsPage),
  TicketSettings: lazy<PageProps>(async () => (await import('./ticket-settings.tsx')).TicketSettingsPage),
  Verification: lazy<PageProps>(async () => (await import('./verification.tsx')).VerificationPage),
  Webhooks: lazy<PageProps>(async () => (await import('./webhooks.tsx')).WebhooksPage),
}

interface SettingsPage {
  id: string
  label: string
  /** Who may not do this does not see the page. */
  permission?: string
  Page: FunctionComponent<PageProps>
}

function groupsOfPages(): { label: string; pages: SettingsPage[] }[] {
  const s = words(settingsWords)
  const groups: { label: string; pages: SettingsPage[] }[] = [
    {
      label: s.groupChannels,
      pages: [
        { id: 'channels', label: words(channelWords).channels, permission: 'channel:write', Page: pages.Channels },
        {
          id: 'verification',
          label: words(verificationWords).verification,
          permission: 'channel:write',
          Page: pages.Verification,
        },
        { id: 'speech', label: words(speechWords).speech, permission: 'channel:write', Page: pages.Speech },
      ],
    },
    {
      label: s.groupTeam,
      pages: [
        { id: 'members', label: words(memberWords).members, permission: 'member:write', Page: pages.Members },
        { id: 'groups', label: words(groupWords).groups, permission: 'group:write', Page: pages.Groups },
        { id: 'entry', label: words(entryWords).entry, permission: 'group:write', Page: pages.EntryRules },
      ],
    },
    {
      label: s.groupDesk,
      pages: [
        { id: 'hours', label: words(hoursWords).hours, permission: 'calendar:write', Page: pages.Hours },
        { id: 'texts', label: words(textWords).texts, permission: 'text:write', Page: pages.Texts },
        { id: 'canned', label: words(cannedWords).canned, permission: 'conversation:reply', Page: pages.CannedReplies },
        { id: 'endings', label: words(endingWords).endings, permission: 'conversation:define', Page: pages.Endings },
        { id: 'contacts', label: words(contactWords).contacts, permission: 'contact:define', Page: pages.Contacts },
        {
          id: 'tickets',
          label: words(ticketSettingWords).tickets,
          permission: 'ticket:admin',
          Page: pages.TicketSettings,
        },
      ],
    },
    {
      label: s.groupPrograms,
      pages: [
        { id: 'keys', label: words(keyWords).keys, permission: 'key:write', Page: pages.Keys },
        { id: 'webhooks', label: words(webhookWords).webhooks, permission: 'webhook:write', Page: pages.Webhooks },
        { id: 'audit', label: words(auditWords).audit, permission: 'audit:read', Page: pages.Audit },
      ],
    },
    { label: s.groupSelf, pages: [{ id: 'account', label: words(memberWords).account, Page: pages.Account }] },
  ]
  return groups
    .map(({ label, pages }) => ({
      label,
      pages: pages.filter(({ permission }: SettingsPage) => permission === undefined || may(permission)),
    }))
    .filter(({ pages }) => pages.length > 0)
}

export function Settings() {
  const s = words(settingsWords)
  const groups = groupsOfPages()
  const pages = groups.flatMap((group) => group.pages)
  const [id, ...path] = place.value
  const page = id === undefined ? pages[0] : pages.find((one) => one.id === id)
  return (
    <div class={id === undefined ? 'settings' : 'settings has-page'}>
      <nav class="settings-nav" aria-label={s.title}>
        {groups.map((group) => (
          <section key={group.label}>
            <h2>{group.label}</h2>
            <ul>
              {group.pages.map((one) => (
                <li key={one.id}>
                  <a href={`#/settings/${one.id}`} aria-current={one === page ? 'page' : undefined}>
                    {one.label}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      <main class="settings-page">
        <a class="back narrow-only" href="#/settings/">
          ‹ {s.title}
        </a>
        {page ? <page.Page key={page.id} path={path} /> : <p class="empty">{s.notFound}</p>}
      </main>
      <Questions />
    </div>
  )
}
