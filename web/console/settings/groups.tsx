/** Skill groups: how they work, who is in them, and the plan by which they look for somebody. */
import { type AgentStatus, listGroups, listMembers } from '../../api-agent.ts'
import {
  createGroup,
  getGroupReach,
  type Member,
  putGroupMember,
  removeGroup,
  removeGroupMember,
  type SkillGroup,
  updateGroup,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { groupWords, statusWords } from '../../i18n/settings-team.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { ChecksField, FormEnd, SelectField, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { GroupFields } from './group-fields.tsx'
import { attempt, Card, confirmed, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { goTo } from './place.ts'
import { WordList } from './word-list.tsx'
import { words } from './words.ts'

async function loadAll() {
  const [groups, members] = await Promise.all([
    everyPage((cursor) => listGroups(api, cursor)),
    everyPage((cursor) => listMembers(api, cursor)),
  ])
  return { groups, members: members.filter(({ disabled }) => !disabled) }
}
type All = Awaited<ReturnType<typeof loadAll>>

export function GroupsPage({ path: [id] }: { path: readonly string[] }) {
  const loaded = useLoaded(loadAll)
  return (
    <Show of={loaded}>
      {(all) => {
        const group = all.groups.find((one) => one.id === id)
        if (id === 'new') {
          return (
            <NewGroup
              onMade={(made) => {
                loaded.put({ ...all, groups: [...all.groups, made] })
                goTo(`groups/${made.id}`)
              }}
            />
          )
        }
        if (!group) return <GroupList all={all} />
        return (
          <GroupPage
            key={group.id}
            all={all}
            group={group}
            onChange={(changed) =>
              loaded.put({ ...all, groups: all.groups.map((one) => (one.id === changed.id ? changed : one)) })
            }
            onGone={() => {
              loaded.put({ ...all, groups: all.groups.filter((one) => one.id !== group.id) })
              goTo('groups')
            }}
          />
        )
      }}
    </Show>
  )
}

function GroupList({ all }: { all: All }) {
  const w = words(groupWords)
  return (
    <>
      <PageHead title={w.groups} hint={w.groupsHint}>
        <a class="button primary" href="#/settings/groups/new">
          {w.add}
        </a>
      </PageHead>
      {all.groups.length === 0 && <Empty title={w.empty} />}
      <ul class="rows">
        {all.groups.map((group) => (
          <li key={group.id}>
            <a class="row-link" href={`#/settings/groups/${group.id}`}>
              <span class="row-text">
                <strong>{group.name}</strong>
                <small>
                  {w[group.strategy]} · {w[group.acceptMode]} · {fill(w.memberCount, { count: group.members.length })}
                </small>
              </span>
              {group.members.length === 0 && <span class="standing is-warned">{w.noMembers}</span>}
            </a>
          </li>
        ))}
      </ul>
      <Statuses />
    </>
  )
}

/** States of agents in the business's own words. */
function Statuses() {
  const w = words(statusWords)
  const g = words(groupWords)
  return (
    <WordList<AgentStatus>
      title={w.statuses}
      hint={w.statusesHint}
      path="agent-statuses"
      usual={{ state: 'away', closed: [] }}
      said={({ state, closed }) =>
        [w[state], closed.length > 0 && `${w.closed} ${closed.map((medium) => g[medium]).join('、')}`]
          .filter(Boolean)
          .join(' · ')
      }
      fields={(form) => (
        <>
          <SelectField
            form={form}
            at="/state"
            label={w.state}
            choices={[
              ['online', w.online],
              ['busy', w.busy],
              ['away', w.away],
            ]}
          />
          <ChecksField
            form={form}
            at="/closed"
            label={w.closed}
            choices={[
              ['chat', g.chat],
              ['call', g.call],
              ['ticket', g.ticket],
            ]}
          />
        </>
      )}
    />
  )
}

function NewGroup({ onMade }: { onMade: (group: SkillGroup) => void }) {
  const w = words(groupWords)
  const s = words(settingsWords)
  const form = useForm({ name: '' })
  return (
    <>
      <PageHead title={w.add} back={{ href: '#/settings/groups', label: w.groups }} />
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(async (draft) => onMade(await createGroup(api, draft)))
        }}
      >
        <TextField form={form} at="/name" label={s.name} required maxLength={100} />
        <FormEnd form={form} label={s.add} onCancel={() => goTo('groups')} />
      </form>
    </>
  )
}

interface GroupPageProps {
  all: All
  group: SkillGroup
  onChange: (group: SkillGroup) => void
  onGone: () => void
}

const draftOf = ({ name, strategy, acceptMode, offerSeconds, wrapUpSeconds, maxWaiting, routing }: SkillGroup) => ({
  name,
  strategy,
  acceptMode,
  offerSeconds,
  wrapUpSeconds,
  maxWaiting,
  routing,
})

function GroupPage({ all, group, onChange, onGone }: GroupPageProps) {
  const w = words(groupWords)
  const s = words(settingsWords)
  const form = useForm(draftOf(group))
  const reach = useLoaded(() => getGroupReach(api, group.id), `${group.id} ${group.version}`)
  const save = () =>
    form.submit(async (draft) => {
      const changed = await updateGroup(api, group, draft)
      onChange(changed)
      form.reset(draftOf(changed))
      tell(s.saved)
    })
  const remove = async () => {
    const asked = { title: fill(w.removeTitle, { name: group.name }), text: w.removeText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeGroup(api, group), s.removed))) onGone()
  }
  const unreached = reach.data?.steps.filter(({ memberIds }) => memberIds.length === 0) ?? []
  return (
    <>
      <PageHead title={group.name} back={{ href: '#/settings/groups', label: w.groups }}>
        <button type="button" class="danger" onClick={() => void remove()}>
          {s.remove}
        </button>
      </PageHead>
      <GroupMembers group={group} members={all.members} onChange={onChange} />
      {group.members.length > 0 &&
        unreached.map(({ step }) => (
          <p class="warning" key={step}>
            {fill(w.reachNobody, { step: step + 1 })}
          </p>
        ))}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <GroupFields form={form} group={group} groups={all.groups} members={all.members} />
        <FormEnd form={form} />
      </form>
    </>
  )
}

function GroupMembers({
  group,
  members,
  onChange,
}: {
  group: SkillGroup
  members: readonly Member[]
  onChange: (group: SkillGroup) => void
}) {
  const w = words(groupWords)
  const inside = new Set(group.members.map(({ memberId }) => memberId))
  const others = members.filter(({ id }) => !inside.has(id))
  const put = ({ memberId, ...membership }: SkillGroup['members'][number]) =>
    attempt(async () => onChange(await putGroupMember(api, group.id, memberId, membership)))
  // The weight counts for one strategy alone.
  const figures: ['tier' | 'level' | 'weight', number][] = [
    ['tier', 9],
    ['level', 5],
  ]
  if (group.strategy === 'weighted') figures.push(['weight', 100])
  const numbers = (most: number) => Array.from({ length: most }, (_, index) => index + 1)
  return (
    <Card title={w.membersOf} hint={w.membersHint}>
      {group.members.length === 0 && <p class="warning">{w.noMembers}</p>}
      <ul class="lines">
        {group.members.map((membership) => {
          const { memberId } = membership
          const name = members.find(({ id }) => id === memberId)?.name ?? memberId
          return (
            <li key={memberId} class="line">
              <span class="row-text">{name}</span>
              {figures.map(([figure, most]) => (
                <label key={figure}>
                  {w[figure]}
                  <select
                    value={membership[figure]}
                    aria-label={`${name} ${w[figure]}`}
                    onChange={({ currentTarget }) => void put({ ...membership, [figure]: Number(currentTarget.value) })}
                  >
                    {numbers(most).map((one) => (
                      <option key={one} value={one}>
                        {one}
                      </option>
                    ))}
                  </select>
                </label>
              ))}
              <button
                type="button"
                class="quiet"
                aria-label={`${w.takeOut} ${name}`}
                onClick={() => void attempt(async () => onChange(await removeGroupMember(api, group.id, memberId)))}
              >
                {w.takeOut}
              </button>
            </li>
          )
        })}
      </ul>
      {others.length > 0 && (
        <select
          class="narrow"
          aria-label={w.addMember}
          value=""
          onChange={({ currentTarget }) => {
            void put({ memberId: currentTarget.value, tier: 1, level: 1, weight: 1, creditSeconds: 0, maxItems: null })
            currentTarget.value = ''
          }}
        >
          <option value="">{w.addMember}…</option>
          {others.map((member) => (
            <option key={member.id} value={member.id}>
              {member.name} {member.number}
            </option>
          ))}
        </select>
      )}
    </Card>
  )
}
