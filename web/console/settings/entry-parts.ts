/** What the pages of entry rules are drawn from, and how a rule is said in a line. */
import { listGroups } from '../../api-agent.ts'
import { type EntryRule, getEntryPrecedence, listEntryRules } from '../../api-entry.ts'
import { listChannels } from '../../api-settings.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'

/** Everything that entry rules speak of. */
export async function loadEntryParts() {
  const [rules, { precedence }, groups, channels] = await Promise.all([
    listEntryRules(api),
    getEntryPrecedence(api),
    everyPage((cursor) => listGroups(api, cursor)),
    everyPage((cursor) => listChannels(api, cursor)),
  ])
  return { rules: rules.data, precedence, groups, channels }
}
export type EntryParts = Awaited<ReturnType<typeof loadEntryParts>>

export const groupName = ({ groups }: EntryParts, id: string): string => groups.find((one) => one.id === id)?.name ?? id

/** What a rule asks for, in a line. */
export function conditionsOf({ when }: EntryRule, { channels }: EntryParts, w: Record<string, string>): string {
  const some = (name: string, values: readonly string[] | undefined) =>
    values === undefined ? '' : `${w[name]}：${values.join('、')}`
  const said = [
    some(
      'channelIds',
      when.channelIds?.map((id) => channels.find((one) => one.id === id)?.name ?? id),
    ),
    some('channelKinds', when.channelKinds),
    some('keywords', when.keywords),
    some('pattern', when.pattern === undefined ? undefined : [when.pattern]),
    some(
      'languages',
      when.languages?.map((code) => languageName(code, w)),
    ),
    some('regions', when.regions),
    some('tags', when.tags),
    when.hours === undefined ? '' : (w[when.hours.open ? 'open' : 'closed'] ?? ''),
    when.vip === undefined ? '' : (w[when.vip ? 'onlyVip' : 'noVip'] ?? ''),
  ].filter(Boolean)
  return said.length > 0 ? said.join(' · ') : (w.everybody ?? '')
}

/** `en` has its name under another word: that of the language of the page. */
export const languageName = (code: string, w: Record<string, string>): string =>
  w[code === 'en' ? 'english' : code] ?? code
