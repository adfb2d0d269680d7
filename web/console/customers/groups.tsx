/** Groups of customers, with how many are in each. */
import { listContactGroups } from '../../api-contacts.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { ContactGroups } from '../settings/contact-groups.tsx'
import { PageHead, Show, useLoaded } from '../settings/parts.tsx'
import { words } from './words.ts'

export function GroupsPage() {
  const loaded = useLoaded(() => everyPage((cursor) => listContactGroups(api, cursor)))
  return (
    <>
      <PageHead title={words().groups} />
      <Show of={loaded}>{(groups) => <ContactGroups groups={groups} onChange={loaded.reload} />}</Show>
    </>
  )
}
