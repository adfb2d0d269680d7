/** What a telephone channel does with calls before agents, instead of them and after them (语音导航、留言、评价、外呼). */
import { useEffect, useRef } from 'preact/hooks'
import type { CallPlan, ChannelCallPlan } from '../../../src/core/events/call-plan-shapes.ts'
import { getCallPlan, putCallPlan } from '../../api-calls.ts'
import type { Channel, SkillGroup } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { callPlanWords } from '../../i18n/settings-calls.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { formatArea } from '../route.ts'
import { addMenu, orderOfMenus, renameMenu } from './call-plan-changes.ts'
import { KeysField, outOfQueue, type PlanProps, TargetField } from './call-target.tsx'
import { CheckField, FormEnd, LinesField, NumberField, SelectField, TextField } from './controls.tsx'
import { type Form, useForm } from './form.ts'
import { Card, Show, useLoaded } from './parts.tsx'
import { SoundField } from './sound-field.tsx'
import { words } from './words.ts'

export function CallPlanTab({ channel, groups }: { channel: Channel; groups: readonly SkillGroup[] }) {
  const loaded = useLoaded(() => getCallPlan(api, channel.id), channel.id)
  return (
    <Show of={loaded}>
      {(plan) => (
        <PlanForm
          key={plan.version}
          channel={channel}
          groups={groups}
          shown={plan}
          onChange={(made) => loaded.put(made)}
        />
      )}
    </Show>
  )
}

interface PlanFormProps {
  channel: Channel
  groups: readonly SkillGroup[]
  shown: ChannelCallPlan
  onChange: (plan: ChannelCallPlan) => void
}

function PlanForm({ channel, groups, shown, onChange }: PlanFormProps) {
  const w = words(callPlanWords)
  const s = words(settingsWords)
  const form = useForm<CallPlan>(shown.plan)
  const save = () =>
    form.submit(async (plan) => {
      onChange(await putCallPlan(api, channel.id, plan, shown.version))
      tell(s.saved)
    })
  const props = { form, groups }
  return (
    <form
      aria-label={w.plan}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Card title={w.flow} hint={w.hoursHint}>
        <TargetField {...props} at="/begin" label={w.begin} usual={w.usualQueue} />
        <TargetField {...props} at="/closed" label={w.closed} usual={w.refuse} />
      </Card>
      <Menus {...props} />
      <Card title={w.waiting} hint={w.waitingHint}>
        <KeysField {...props} at="/waiting/keys" only={outOfQueue} />
      </Card>
      <Voicemail form={form} />
      <Survey form={form} />
      <Outbound form={form} />
      <p class="hint">{w.saveHint}</p>
      <FormEnd form={form} />
    </form>
  )
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

function Menus({ form, groups }: PlanProps) {
  const w = words(callPlanWords)
  const { reached, unreached } = orderOfMenus(form.value)
  const menus = [...reached, ...unreached]
  return (
    <Card title={w.menus} hint={w.menusHint}>
      {menus.length === 0 && <p class="hint">{w.noMenus}</p>}
      {menus.map((name) => (
        <Menu key={name} form={form} groups={groups} name={name} isUnreached={unreached.includes(name)} />
      ))}
      <button
        type="button"
        onClick={() => {
          const changed = addMenu(form.value, (number) => fill(w.newMenu, { number }))
          form.write('/menus', changed.menus)
          // The first menu is meant to be heard first.
          const [first] = Object.keys(changed.menus ?? {})
          if (menus.length === 0 && form.value.begin === undefined && first)
            form.write('/begin', { to: 'menu', menu: first })
        }}
      >
        {w.addMenu}
      </button>
    </Card>
  )
}

function Menu({ form, groups, name, isUnreached }: PlanProps & { name: string; isUnreached: boolean }) {
  const w = words(callPlanWords)
  const at = `/menus/${escaped(name)}`
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (field.current) field.current.value = name
  }, [name])
  const rename = (given: string) => {
    const changed = renameMenu(form.value, name, given.trim())
    // Whatever leads to it changes with it.
    form.write('', changed)
    if (changed === form.value && field.current) field.current.value = name
  }
  return (
    <fieldset class="step">
      <legend>{name}</legend>
      <div class="field">
        <label for={`menu-${at}`}>{w.menuName}</label>
        <input
          id={`menu-${at}`}
          ref={field}
          required
          maxLength={60}
          defaultValue={name}
          onChange={({ currentTarget }) => rename(currentTarget.value)}
        />
        {isUnreached && <p class="field-error">{w.unreached}</p>}
      </div>
      <SoundField form={form} at={`${at}/say`} label={w.say} hint={w.sayHint} />
      <p class="form-part">{w.keys}</p>
      <KeysField form={form} groups={groups} at={`${at}/keys`} />
      <SoundField form={form} at={`${at}/again`} label={w.again} hint={w.againHint} />
      <Patience form={form} at={at} waitSeconds={5} tries={3} />
      <TargetField form={form} groups={groups} at={`${at}/otherwise`} label={w.otherwise} />
      <button type="button" class="quiet" onClick={() => form.write(at, undefined)}>
        {w.removeMenu} {name}
      </button>
    </fieldset>
  )
}

/** How long a key is waited for, and how often it is asked for. */
function Patience({
  form,
  at,
  waitSeconds,
  tries,
}: Pick<PlanProps, 'form'> & { at: string; waitSeconds: number; tries: number }) {
  const w = words(callPlanWords)
  const s = words(settingsWords)
  return (
    <div class="side-by-side">
      <NumberField
        form={form}
        at={`${at}/waitSeconds`}
        label={w.waitSeconds}
        unit={s.seconds}
        placeholder={String(waitSeconds)}
        min={1}
        max={60}
        empty={undefined}
      />
      <NumberField
        form={form}
        at={`${at}/tries`}
        label={w.tries}
        unit={w.times}
        placeholder={String(tries)}
        min={1}
        max={5}
        empty={undefined}
      />
    </div>
  )
}

/** Something that is there or not, with a box to tick. */
function Switch({ form, at, label, first }: { form: Form<CallPlan>; at: string; label: string; first: object }) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={form.read(at) !== undefined}
        onChange={({ currentTarget }) => form.write(at, currentTarget.checked ? first : undefined)}
      />
      {label}
    </label>
  )
}

function Voicemail({ form }: { form: Form<CallPlan> }) {
  const w = words(callPlanWords)
  const s = words(settingsWords)
  return (
    <Card title={w.voicemail}>
      <Switch form={form} at="/voicemail" label={w.voicemailOn} first={{ makes: 'conversation' }} />
      {form.value.voicemail && (
        <>
          <SoundField form={form} at="/voicemail/say" label={w.voicemailSay} />
          <div class="side-by-side">
            <NumberField
              form={form}
              at="/voicemail/maxSeconds"
              label={w.maxSeconds}
              unit={s.seconds}
              placeholder="120"
              min={5}
              max={600}
              empty={undefined}
            />
            <SelectField
              form={form}
              at="/voicemail/makes"
              label={w.makes}
              choices={[
                ['conversation', w.conversation],
                ['ticket', w.ticket],
              ]}
            />
          </div>
        </>
      )}
    </Card>
  )
}

function Survey({ form }: { form: Form<CallPlan> }) {
  const w = words(callPlanWords)
  return (
    <Card title={w.survey}>
      <Switch form={form} at="/survey" label={w.surveyOn} first={{}} />
      {form.value.survey && (
        <>
          <SoundField form={form} at="/survey/say" label={w.surveySay} />
          <SoundField form={form} at="/survey/thanks" label={w.thanks} />
          <Patience form={form} at="/survey" waitSeconds={5} tries={2} />
        </>
      )}
    </Card>
  )
}

function Outbound({ form }: { form: Form<CallPlan> }) {
  const w = words(callPlanWords)
  const number = { form, min: 1, unit: w.calls, empty: undefined }
  return (
    <Card title={w.outbound}>
      <Switch form={form} at="/outbound" label={w.outboundOn} first={{ prefixes: ['+86'] }} />
      {form.value.outbound && (
        <>
          <LinesField form={form} at="/outbound/prefixes" label={w.prefixes} hint={w.prefixesHint} />
          <TextField
            form={form}
            at="/outbound/callerId"
            label={w.callerId}
            hint={w.callerIdHint}
            pattern="\+?[0-9]{2,20}"
            maxLength={21}
            optional
          />
          <div class="side-by-side">
            <NumberField {...number} at="/outbound/maxAtOnce" label={w.maxAtOnce} placeholder="10" max={500} />
            <NumberField {...number} at="/outbound/maxPerHour" label={w.maxPerHour} placeholder="60" max={10_000} />
          </div>
          <CheckField form={form} at="/outbound/onlyInHours" label={w.onlyInHours} />
          <p class="hint">
            <a href={formatArea('customers', ['do-not-call'])}>{w.doNotCall}</a>
          </p>
        </>
      )}
    </Card>
  )
}
