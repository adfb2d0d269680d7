/** Changing a customer's record, by the version that is on the page. */
import { signal } from '@preact/signals'
import { asProblem } from '../api.ts'
import type { Contact } from '../api-agent.ts'
import {
  type ContactField,
  type ContactGroup,
  type ContactPatch,
  getContact,
  listContactFields,
  listContactGroups,
  listContactTags,
  patchContact,
} from '../api-contacts.ts'
import { customerTexts } from '../i18n/console-customer.ts'
import { api } from './calls.ts'
import { changeRecord } from './changes.ts'
import { everyPage } from './connection.ts'
import { putContact } from './reduce.ts'
import { hub, locale, update } from './store.ts'
import { refusalOf } from './texts.ts'

export const words = () => customerTexts[locale.value]

/** What a business says its customers' records hold. */
export const contactKinds = signal<{
  fields: readonly ContactField[]
  groups: readonly ContactGroup[]
  tags: readonly string[]
}>({ fields: [], groups: [], tags: [] })

/** Reads it; what cannot be had stays as it was. */
export async function loadContactKinds(): Promise<void> {
  const before = contactKinds.peek()
  const [fields, groups, tags] = await Promise.all([
    listContactFields(api).then(
      ({ data }) => data,
      () => before.fields,
    ),
    everyPage((cursor) => listContactGroups(api, cursor)).catch(() => before.groups),
    listContactTags(api).then(
      ({ data }) => data.map(({ tag }) => tag),
      () => before.tags,
    ),
  ])
  contactKinds.value = { fields, groups, tags }
}

/** Changes the record; resolves with why not. Where somebody changed the same thing, theirs is shown first. */
export async function patch(
  id: string,
  change: ContactPatch | ((contact: Contact) => ContactPatch),
): Promise<string | undefined> {
  try {
    await changeRecord<Contact, ContactPatch>({
      id,
      change,
      seen: () => hub.peek().contacts[id],
      reload: async () => keep(await getContact(api, id)),
      send: async (contact, said) => keep(await patchContact(api, contact, said)),
    })
    return undefined
  } catch (error) {
    return asProblem(error).code === 'version-stale' ? words().stale : refusalOf(error, words().problems)
  }
}

/** Asks the hub for something that answers with the record; resolves with why not. */
export async function changeBy(ask: () => Promise<Contact>): Promise<string | undefined> {
  try {
    keep(await ask())
    return undefined
  } catch (error) {
    return refusalOf(error, words().problems)
  }
}

function keep(contact: Contact): Contact {
  update((state) => putContact(state, contact))
  return contact
}
