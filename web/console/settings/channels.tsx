/** Channels: the list, a new one, and what is set of each. */
import { useEffect } from 'preact/hooks'
import { listGroups } from '../../api-agent.ts'
import {
  type Channel,
  type ChannelKind,
  createChannel,
  getChannel,
  listChannelKinds,
  listChannels,
  removeChannel,
  updateChannel,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { channelWords } from '../../i18n/settings-channels.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { locale } from '../store.ts'
import { Probe } from './channel-probe.tsx'
import { CallPlanTab, PhonesTab, Tabs, tabsOf } from './channel-tabs.tsx'
import { FormEnd, SelectField, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, Card, Copyable, confirmed, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { goTo } from './place.ts'
import { QrCode } from './qr-code.tsx'
import { SchemaFields } from './schema-form.tsx'
import { WidgetLook } from './widget-look.tsx'
import { words } from './words.ts'

const titleOf = ({ title, titles }: ChannelKind): string => titles?.[locale.value] ?? title

async function loadAll() {
  const [channels, kinds, groups] = await Promise.all([
    everyPage((cursor) => listChannels(api, cursor)),
    listChannelKinds(api),
    everyPage((cursor) => listGroups(api, cursor)),
  ])
  return { channels, kinds: kinds.data, groups }
}
type All = Awaited<ReturnType<typeof loadAll>>

export function ChannelsPage({ path: [id, tab] }: { path: readonly string[] }) {
  const loaded = useLoaded(loadAll)
  return (
    <Show of={loaded}>
      {(all) => {
        if (id === 'new') return <NewChannel all={all} kind={tab} onMade={loaded.reload} />
        const channel = all.channels.find((one) => one.id === id)
        if (!channel) return <ChannelList all={all} />
        return (
          <ChannelPage
            key={channel.id}
            all={all}
            channel={channel}
            tab={tab}
            onChange={(changed) =>
              loaded.put({ ...all, channels: all.channels.map((one) => (one.id === changed.id ? changed : one)) })
            }
            onGone={loaded.reload}
          />
        )
      }}
    </Show>
  )
}

function ChannelList({ all }: { all: All }) {
  const w = words(channelWords)
  return (
    <>
      <PageHead title={w.channels} hint={w.channelsHint}>
        <a class="button primary" href="#/settings/channels/new">
          {w.add}
        </a>
      </PageHead>
      {all.channels.length === 0 && (
        <Empty title={w.empty}>
          <p class="hint">{w.emptyHint}</p>
        </Empty>
      )}
      <ul class="rows">
        {all.channels.map((channel) => (
          <li key={channel.id}>
            <a class="row-link" href={`#/settings/channels/${channel.id}`}>
              <span class="row-text">
                <strong>{channel.name}</strong>
                <small>
                  {kindTitle(all, channel.kind)}
                  {groupName(all, channel) && ` · ${groupName(all, channel)}`}
                </small>
              </span>
              <ChannelState channel={channel} />
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

const kindTitle = (all: All, kind: string): string => {
  const found = all.kinds.find((one) => one.kind === kind)
  return found ? titleOf(found) : kind
}
const groupName = (all: All, { groupId }: Channel): string | undefined =>
  all.groups.find((group) => group.id === groupId)?.name

function ChannelState({ channel: { enabled, state } }: { channel: Channel }) {
  const w = words(channelWords)
  if (!enabled) return <span class="standing">{w.disabled}</span>
  return (
    <span class={`standing is-${state.state}`} title={state.detail}>
      {w[state.state]}
    </span>
  )
}

function NewChannel({
  all,
  kind: chosen,
  onMade,
}: {
  all: All
  kind: string | undefined
  onMade: () => Promise<void>
}) {
  const w = words(channelWords)
  const kind = all.kinds.find((one) => one.kind === chosen)
  const back = { href: '#/settings/channels', label: w.channels }
  if (kind) return <NewOfKind key={kind.kind} all={all} kind={kind} onMade={onMade} />
  return (
    <>
      <PageHead title={w.chooseKind} back={back} />
      <ul class="choices">
        {all.kinds.map((one) => (
          <li key={one.kind}>
            <a class="card choice-card" href={`#/settings/channels/new/${one.kind}`}>
              <strong>{titleOf(one)}</strong>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

/** What its settings are unless somebody says otherwise. */
function usualOf({ schema: { properties = {} } }: ChannelKind): Record<string, unknown> {
  const usual = Object.entries(properties).map(([name, property]) => [name, property.default] as const)
  return Object.fromEntries(usual.filter(([, value]) => value !== undefined))
}

interface Draft {
  name: string
  groupId: string | null
  settings: Record<string, unknown>
}

function NewOfKind({ all, kind, onMade }: { all: All; kind: ChannelKind; onMade: () => Promise<void> }) {
  const w = words(channelWords)
  const s = words(settingsWords)
  const form = useForm<Draft>({ name: '', groupId: all.groups[0]?.id ?? null, settings: usualOf(kind) })
  const make = async () => {
    await form.submit(async (draft) => {
      const channel = await createChannel(api, { kind: kind.kind, ...draft })
      await onMade()
      tell(s.saved)
      goTo(`channels/${channel.id}${kind.kind === 'webchat' ? '/look' : ''}`)
    })
  }
  return (
    <>
      <PageHead title={`${w.add} · ${titleOf(kind)}`} back={{ href: '#/settings/channels/new', label: w.chooseKind }} />
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <Basics all={all} form={form} />
        {kind.kind !== 'webchat' && <SchemaFields form={form} at="/settings" schema={kind.schema} />}
        <FormEnd form={form} label={s.add} onCancel={() => goTo('channels')} />
      </form>
    </>
  )
}

function Basics({ all, form }: { all: All; form: ReturnType<typeof useForm<Draft>> }) {
  const w = words(channelWords)
  const s = words(settingsWords)
  return (
    <>
      <TextField form={form} at="/name" label={s.name} required maxLength={100} />
      <SelectField
        form={form}
        at="/groupId"
        label={w.group}
        hint={w.groupHint}
        none={w.noGroup}
        choices={all.groups.map((group) => [group.id, group.name])}
      />
    </>
  )
}

interface ChannelPageProps {
  all: All
  channel: Channel
  tab: string | undefined
  onChange: (channel: Channel) => void
  onGone: () => Promise<void>
}

function ChannelPage({ all, channel, tab, onChange, onGone }: ChannelPageProps) {
  const w = words(channelWords)
  const s = words(settingsWords)
  const kind = all.kinds.find((one) => one.kind === channel.kind)
  // A log-in, or a connection that comes up, shows by itself.
  const waits = channel.enabled && channel.state.state !== 'online'
  useEffect(() => {
    if (!waits) return
    const timer = setInterval(() => void getChannel(api, channel.id).then(onChange, () => undefined), 3000)
    return () => clearInterval(timer)
  }, [waits, channel.id])

  const change = async (enabled: boolean) =>
    attempt(async () => onChange(await updateChannel(api, channel, { enabled })), s.saved)
  const remove = async () => {
    const asked = { title: fill(w.removeTitle, { name: channel.name }), text: w.removeText, act: s.remove }
    if (!(await confirmed(asked))) return
    if (await attempt(() => removeChannel(api, channel), s.removed)) {
      await onGone()
      goTo('channels')
    }
  }
  return (
    <>
      <PageHead title={channel.name} back={{ href: '#/settings/channels', label: w.channels }}>
        <ChannelState channel={channel} />
        <button type="button" onClick={() => void change(!channel.enabled)}>
          {channel.enabled ? w.disable : w.enable}
        </button>
        <button type="button" class="danger" onClick={() => void remove()}>
          {s.remove}
        </button>
      </PageHead>
      {channel.enabled && channel.state.state !== 'online' && channel.state.detail && (
        <p class="warning">{channel.state.detail}</p>
      )}
      {channel.enabled && channel.state.scan && (
        <Card title={w.scan}>
          <QrCode text={channel.state.scan} label={w.scan} />
        </Card>
      )}
      <Tabs channel={channel} tab={tab} tabs={tabsOf(kind)} />
      {tab === 'look' && <WidgetLook channel={channel} onChange={onChange} />}
      {tab === 'plan' && <CallPlanTab channel={channel} groups={all.groups} />}
      {tab === 'phones' && <PhonesTab channel={channel} />}
      {tab === undefined && (
        <>
          {kind && <ChannelForm all={all} channel={channel} kind={kind} onChange={onChange} />}
          {channel.hookUrl && (
            <Card title={w.hook} hint={w.hookHint}>
              <Copyable label={w.hook} text={channel.hookUrl} />
            </Card>
          )}
          <Probe channel={channel} />
        </>
      )}
    </>
  )
}

function ChannelForm({
  all,
  channel,
  kind,
  onChange,
}: {
  all: All
  channel: Channel
  kind: ChannelKind
  onChange: (channel: Channel) => void
}) {
  const w = words(channelWords)
  const s = words(settingsWords)
  const form = useForm<Draft>({ name: channel.name, groupId: channel.groupId, settings: channel.settings })
  const save = () =>
    form.submit(async ({ name, groupId, settings }) => {
      const changed = await updateChannel(api, channel, {
        name,
        groupId,
        settings: patchOf(channel.settings, settings, kind),
      })
      onChange(changed)
      form.reset({ name: changed.name, groupId: changed.groupId, settings: changed.settings })
      tell(s.saved)
    })
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <h3>{w.account}</h3>
      <Basics all={all} form={form} />
      <SchemaFields form={form} at="/settings" schema={kind.schema} without={kind.kind === 'webchat' ? ['look'] : []} />
      <FormEnd form={form} />
    </form>
  )
}

/** What the hub is to change: what is not there any more is taken away. */
function patchOf(before: Record<string, unknown>, after: Record<string, unknown>, { schema }: ChannelKind) {
  const names = Object.keys(schema.properties ?? {})
  return Object.fromEntries(
    names
      .filter((name) => after[name] !== before[name])
      .map((name) => [name, after[name] === undefined || after[name] === '' ? null : after[name]]),
  )
}
