/** Customers (客户): the list, one of them, groups, imports, the blocklist, numbers that want no calls. */
import type { FunctionComponent } from 'preact'
import { formatArea } from '../route.ts'
import { Questions } from '../settings/parts.tsx'
import { sheets } from '../sheets.ts'
import { may, route } from '../store.ts'
import ownSheet from '../style/customers.css?url'
import sheet from '../style/settings.css?url'
import fieldSheet from '../style/settings-fields.css?url'
import { BlocklistPage } from './blocklist.tsx'
import { DoNotCallPage } from './do-not-call.tsx'
import { GroupsPage } from './groups.tsx'
import { ImportPage } from './import.tsx'
import { ImportsPage } from './imports.tsx'
import { CustomerList } from './list.tsx'
import { CustomerRecord } from './record.tsx'
import { words } from './words.ts'

/** Resolves when the style sheets are there. */
export const styled = sheets(sheet, fieldSheet, ownSheet)

const placesOfMine = (): [path: string, label: string][] => [
  ['', words().allCustomers],
  ['groups', words().groups],
  ...(may('contact:transfer') ? [['imports', words().imports] as [string, string]] : []),
  ['blocklist', words().blocklist],
  ['do-not-call', words().doNotCall],
]

const pages: Readonly<Record<string, FunctionComponent>> = {
  groups: GroupsPage,
  imports: ImportsPage,
  blocklist: BlocklistPage,
  'do-not-call': DoNotCallPage,
}

export function CustomersPage() {
  const [first = '', second] = route.value.path
  const isRecord = first.startsWith('ctc_')
  const Page = pages[first] ?? CustomerList
  return (
    // The record has its own looks; the other pages are made of what the settings are made of.
    <div class={isRecord ? 'customers' : 'customers settings'}>
      <nav class="customers-nav" aria-label={words().customers}>
        {placesOfMine().map(([path, label]) => (
          <a
            key={path}
            href={formatArea('customers', path ? [path] : [])}
            aria-current={path === (isRecord ? '' : first) ? 'page' : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
      <main class="customers-page">
        {isRecord ? (
          <CustomerRecord key={first} id={first} />
        ) : first === 'imports' && second ? (
          <ImportPage key={second} id={second} />
        ) : (
          <Page />
        )}
      </main>
      <Questions />
    </div>
  )
}
