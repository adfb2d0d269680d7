/** What is set of a skill group: strategy, order, patience, last agent, and the steps of its plan. */
import type { PlanStep } from '../../../src/core/events/routing-shapes.ts'
import type { Member, SkillGroup } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { groupWords, memberWords } from '../../i18n/settings-team.ts'
import { CheckField, ChecksField, type Choice, NumberField, SelectField, TextField } from './controls.tsx'
import type { Form } from './form.ts'
import { LimitFields, OverflowFields } from './group-limits.tsx'
import { Card } from './parts.tsx'
import { SkillsField } from './skills-field.tsx'
import { words } from './words.ts'

export type GroupDraft = Pick<
  SkillGroup,
  'name' | 'strategy' | 'acceptMode' | 'offerSeconds' | 'wrapUpSeconds' | 'maxWaiting' | 'routing'
>

interface Props {
  form: Form<GroupDraft>
  group: SkillGroup
  groups: readonly SkillGroup[]
  members: readonly Member[]
}

export function GroupFields({ form, group, groups, members }: Props) {
  const w = words(groupWords)
  const m = words(memberWords)
  const s = words(settingsWords)
  const { acceptMode, routing } = form.value
  const seconds = { form, unit: s.seconds, min: 0, required: true }
  return (
    <>
      <Card title={w.basics}>
        <TextField form={form} at="/name" label={s.name} required maxLength={100} />
        <div class="side-by-side">
          <SelectField
            form={form}
            at="/strategy"
            label={w.strategy}
            choices={named(
              w,
              'longest-idle',
              'least-loaded',
              'least-loaded-count',
              'round-robin',
              'best-skill',
              'weighted',
              'priority-list',
              'random',
            )}
          />
          <SelectField form={form} at="/acceptMode" label={w.acceptMode} choices={named(w, 'auto', 'manual')} />
          {acceptMode === 'manual' && (
            <NumberField {...seconds} at="/offerSeconds" label={w.offerSeconds} min={5} max={3600} />
          )}
          <SelectField
            form={form}
            at="/routing/wrapUp"
            label={w.wrapUp}
            choices={named(w, 'timed', 'fixed', 'open', 'on-request')}
          />
          <NumberField {...seconds} at="/wrapUpSeconds" label={w.wrapUpSeconds} max={3600} />
          <NumberField form={form} at="/maxWaiting" label={w.maxWaiting} placeholder={m.noLimit} min={0} empty={null} />
        </div>
      </Card>
      <Card title={w.order}>
        <div class="side-by-side">
          <SelectField
            form={form}
            at="/routing/order/by"
            label={w.order}
            choices={named(w, 'aged', 'fifo', 'deadline', 'strict', 'lifo')}
          />
          {(routing.order.by === 'aged' || routing.order.by === 'deadline') && (
            <NumberField {...seconds} at="/routing/order/creditSeconds" label={w.creditSeconds} />
          )}
          {routing.order.by === 'deadline' && (
            <NumberField {...seconds} at="/routing/order/targetSeconds" label={w.targetSeconds} />
          )}
          {(routing.order.by === 'strict' || routing.order.by === 'lifo') && (
            <NumberField
              {...seconds}
              at="/routing/order/guardSeconds"
              label={w.guardSeconds}
              placeholder="3600"
              required={false}
              empty={undefined}
            />
          )}
        </div>
      </Card>
      <Card title={w.refusals}>
        <div class="side-by-side">
          <NumberField form={form} at="/routing/offersAtOnce" label={w.offersAtOnce} min={1} max={20} required />
          <NumberField {...seconds} at="/routing/declineCooldownSeconds" label={w.declineCooldownSeconds} />
          <NumberField {...seconds} at="/routing/reofferSeconds" label={w.reofferSeconds} min={1} max={3600} />
          <NumberField form={form} at="/routing/maxMissed" label={w.maxMissed} min={0} max={20} required />
          <SelectField form={form} at="/routing/onOffline" label={w.onOffline} choices={named(w, 'keep', 'requeue')} />
        </div>
        <LastAgent form={form} />
      </Card>
      <LimitFields form={form} />
      <OverflowFields form={form} groups={groups.filter(({ id }) => id !== group.id)} />
      <Plan form={form} group={group} groups={groups} members={members} />
    </>
  )
}

const named = <Name extends keyof typeof groupWords>(w: Record<Name, string>, ...names: Name[]): Choice[] =>
  names.map((name) => [name, w[name]])

function LastAgent({ form }: { form: Form<GroupDraft> }) {
  const w = words(groupWords)
  const s = words(settingsWords)
  const { lastAgent } = form.value.routing
  const at = '/routing/lastAgent'
  const usual = { withinDays: 30, waitSeconds: { full: 60, busy: 60, offline: 0 } }
  return (
    <>
      <label class="tick">
        <input
          type="checkbox"
          checked={lastAgent !== null}
          onChange={({ currentTarget }) => form.write(at, currentTarget.checked ? usual : null)}
        />
        {w.lastAgent}
      </label>
      {lastAgent && (
        <div class="side-by-side">
          <NumberField
            form={form}
            at={`${at}/withinDays`}
            label={w.withinDays}
            unit={s.days}
            min={1}
            max={365}
            required
          />
          <NumberField form={form} at={`${at}/waitSeconds/full`} label={w.waitFull} unit={s.seconds} min={0} required />
          <NumberField form={form} at={`${at}/waitSeconds/busy`} label={w.waitBusy} unit={s.seconds} min={0} required />
          <NumberField
            form={form}
            at={`${at}/waitSeconds/offline`}
            label={w.waitOffline}
            unit={s.seconds}
            min={0}
            required
          />
        </div>
      )}
    </>
  )
}

function Plan({ form, group, groups, members }: Props) {
  const w = words(groupWords)
  const { plan } = form.value.routing
  const put = (steps: readonly PlanStep[]) => form.write('/routing/plan', steps)
  const error = form.errorAt('/routing/plan')
  return (
    <Card title={w.plan} hint={w.planHint}>
      {error && <p class="field-error">{error}</p>}
      {plan.map((step, index) => (
        <Step
          key={index}
          form={form}
          index={index}
          step={step}
          group={group}
          groups={groups}
          members={members}
          onRemove={() => put(plan.filter((_, other) => other !== index))}
        />
      ))}
      <button
        type="button"
        onClick={() => put([...plan, plan.length === 0 ? {} : { afterSeconds: (plan.at(-1)?.afterSeconds ?? 0) + 60 }])}
      >
        {w.addStep}
      </button>
    </Card>
  )
}

function Step({
  form,
  index,
  step,
  group,
  groups,
  members,
  onRemove,
}: Props & { index: number; step: PlanStep; onRemove: () => void }) {
  const w = words(groupWords)
  const s = words(settingsWords)
  const at = `/routing/plan/${index}`
  const of = groups.find(({ id }) => id === (step.groupId ?? group.id))
  const candidates = members.filter(({ id }) => of?.members.some(({ memberId }) => memberId === id))
  // A step names another group or nothing; nothing chosen is left out.
  const change = (name: string, value: unknown) => form.write(`${at}/${name}`, value)
  return (
    <fieldset class="step">
      <legend>{fill(w.step, { step: index + 1 })}</legend>
      <div class="side-by-side">
        {index > 0 && (
          <NumberField form={form} at={`${at}/afterSeconds`} label={w.afterSeconds} unit={s.seconds} min={0} />
        )}
        {index > 0 && (
          <SelectField
            form={form}
            at={`${at}/mode`}
            label={w.mode}
            choices={[
              ['widen', w.widen],
              ['replace', w.replace],
            ]}
          />
        )}
        <div class="field">
          <label for={`step-group-${index}`}>{w.ofGroup}</label>
          <select
            id={`step-group-${index}`}
            value={step.groupId ?? ''}
            onChange={({ currentTarget: { value } }) => {
              change('groupId', value || undefined)
              change('memberIds', undefined)
            }}
          >
            <option value="">{w.ownGroup}</option>
            {groups
              .filter(({ id }) => id !== group.id)
              .map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
          </select>
        </div>
        <NumberField form={form} at={`${at}/priority`} label={w.priority} min={-10} max={10} placeholder="0" />
      </div>
      {candidates.length > 0 && (
        <ChecksField
          form={form}
          at={`${at}/memberIds`}
          label={w.onlyMembers}
          choices={candidates.map(({ id, name }) => [id, name])}
          emptyIsNone
        />
      )}
      <SkillsField form={form} at={`${at}/skills`} label={w.skillsNeeded} />
      <CheckField form={form} at={`${at}/skipIfNobody`} label={w.skipIfNobody} />
      <button type="button" class="quiet" onClick={onRemove}>
        {w.removeStep}
      </button>
    </fieldset>
  )
}
