/** The settings: on the left what there is to set, as far as one may; on the right one page of it. */
import type { FunctionComponent } from 'preact'
import { settingsWords } from '../../i18n/settings.ts'
import { auditWords } from '../../i18n/settings-audit.ts'
import { channelWords } from '../../i18n/settings-channels.ts'
import { cannedWords, contactWords, ticketSettingWords } from '../../i18n/settings-desk.ts'
import { hoursWords, textWords } from '../../i18n/settings-hours.ts'
import { keyWords, webhookWords } from '../../i18n/settings-programs.ts'
import { groupWords, memberWords } from '../../i18n/settings-team.ts'
import { sheets } from '../sheets.ts'
import { may } from '../store.ts'
import sheet from '../style/settings.css?url'
import fieldSheet from '../style/settings-fields.css?url'
import lookSheet from '../style/settings-look.css?url'
import { AuditPage } from './audit.tsx'
import { CannedRepliesPage } from './canned-replies.tsx'
import { ChannelsPage } from './channels.tsx'
import { ContactsPage } from './contacts.tsx'
import { GroupsPage } from './groups.tsx'
import { HoursPage } from './hours.tsx'
import { KeysPage } from './keys.tsx'
import { AccountPage, MembersPage } from './members.tsx'
import { Questions } from './parts.tsx'
import { place } from './place.ts'
import { TextsPage } from './texts.tsx'
import { TicketSettingsPage } from './ticket-settings.tsx'
import { WebhooksPage } from './webhooks.tsx'
import { words } from './words.ts'

/** Resolves when the settings' style sheets are there. */
export const styled = sheets(sheet, fieldSheet, lookSheet)

interface SettingsPage {
  id: string
  label: string
  /** Who may not do this does not see the page. */
  permission?: string
  Page: FunctionComponent<{ path: readonly string[] }>
}

function groupsOfPages(): { label: string; pages: SettingsPage[] }[] {
  const s = words(settingsWords)
  const groups: { label: string; pages: SettingsPage[] }[] = [
    {
      label: s.groupChannels,
      pages: [{ id: 'channels', label: words(channelWords).channels, permission: 'channel:write', Page: ChannelsPage }],
    },
    {
      label: s.groupTeam,
      pages: [
        { id: 'members', label: words(memberWords).members, permission: 'member:write', Page: MembersPage },
        { id: 'groups', label: words(groupWords).groups, permission: 'group:write', Page: GroupsPage },
      ],
    },
    {
      label: s.groupDesk,
      pages: [
        { id: 'hours', label: words(hoursWords).hours, permission: 'calendar:write', Page: HoursPage },
        { id: 'texts', label: words(textWords).texts, permission: 'text:write', Page: TextsPage },
        { id: 'canned', label: words(cannedWords).canned, permission: 'conversation:reply', Page: CannedRepliesPage },
        { id: 'contacts', label: words(contactWords).contacts, permission: 'contact:define', Page: ContactsPage },
        {
          id: 'tickets',
          label: words(ticketSettingWords).tickets,
          permission: 'ticket:admin',
          Page: TicketSettingsPage,
        },
      ],
    },
    {
      label: s.groupPrograms,
      pages: [
        { id: 'keys', label: words(keyWords).keys, permission: 'key:write', Page: KeysPage },
        { id: 'webhooks', label: words(webhookWords).webhooks, permission: 'webhook:write', Page: WebhooksPage },
        { id: 'audit', label: words(auditWords).audit, permission: 'audit:read', Page: AuditPage },
      ],
    },
    { label: s.groupSelf, pages: [{ id: 'account', label: words(memberWords).account, Page: AccountPage }] },
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
