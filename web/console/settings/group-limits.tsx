/** What a skill group's work takes of people, what is kept free, and where goes what the group cannot serve. */
import type { OverflowHandler } from '../../../src/core/events/routing-shapes.ts'
import type { SkillGroup } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { groupWords } from '../../i18n/settings-team.ts'
import { CheckField, ChecksField, Field, NumberField } from './controls.tsx'
import type { Form } from './form.ts'
import type { GroupDraft } from './group-fields.tsx'
import { Card } from './parts.tsx'
import { words } from './words.ts'

type GroupForm = Form<GroupDraft>

export function LimitFields({ form }: { form: GroupForm }) {
  const w = words(groupWords)
  const { reserve } = form.value.routing
  return (
    <Card title={w.limits}>
      <div class="side-by-side">
        <NumberField form={form} at="/routing/weight" label={w.weightEach} min={1} max={100} required />
        <NumberField
          form={form}
          at="/routing/maxEach"
          label={w.maxEach}
          placeholder="—"
          min={0}
          max={100}
          empty={null}
        />
      </div>
      <ChecksField
        form={form}
        at="/routing/notDuring"
        label={w.notDuring}
        choices={[
          ['chat', w.chat],
          ['call', w.call],
          ['ticket', w.ticket],
        ]}
      />
      <CheckField form={form} at="/routing/interruptible" label={w.interruptible} />
      <label class="tick">
        <input
          type="checkbox"
          checked={reserve !== null}
          onChange={({ currentTarget }) =>
            form.write('/routing/reserve', currentTarget.checked ? { agents: 1, priority: 1 } : null)
          }
        />
        {w.reserve}
      </label>
      {reserve && (
        <div class="side-by-side">
          <NumberField form={form} at="/routing/reserve/agents" label={w.reserveAgents} min={1} max={1000} required />
          <NumberField
            form={form}
            at="/routing/reserve/priority"
            label={w.reservePriority}
            min={-10}
            max={10}
            required
          />
        </div>
      )}
    </Card>
  )
}

interface OverflowProps {
  form: GroupForm
  groups: readonly SkillGroup[]
}

export function OverflowFields({ form, groups }: OverflowProps) {
  const w = words(groupWords)
  const s = words(settingsWords)
  const { slow, late } = form.value.routing.overflow
  const at = '/routing/overflow'
  const seconds = { form, unit: s.seconds, min: 0, required: true }
  // A moment goes with what happens then.
  const timed = (name: 'slow' | 'late', seconds: object) => (handler: OverflowHandler | undefined) =>
    form.write(`${at}/${name}`, handler && { ...seconds, ...form.value.routing.overflow[name], handler })
  return (
    <Card title={w.overflow} hint={w.overflowHint}>
      <div class="side-by-side">
        <HandlerField form={form} groups={groups} at={`${at}/nobody`} label={w.whenNobody} none={w.noOverflow} />
        <HandlerField form={form} groups={groups} at={`${at}/full`} label={w.whenFull} none={w.pool} />
      </div>
      <div class="side-by-side">
        <HandlerField
          form={form}
          groups={groups}
          at={`${at}/slow/handler`}
          label={w.whenSlow}
          none={w.noOverflow}
          put={timed('slow', { estimateSeconds: 600 })}
        />
        {slow && <NumberField {...seconds} at={`${at}/slow/estimateSeconds`} label={w.estimateSeconds} max={86_400} />}
      </div>
      <div class="side-by-side">
        <HandlerField
          form={form}
          groups={groups}
          at={`${at}/late/handler`}
          label={w.whenLate}
          none={w.noOverflow}
          put={timed('late', { afterSeconds: 900 })}
        />
        {late && <NumberField {...seconds} at={`${at}/late/afterSeconds`} label={w.lateSeconds} max={604_800} />}
      </div>
    </Card>
  )
}

interface HandlerProps extends OverflowProps {
  at: string
  label: string
  /** What happens where nothing is said. */
  none: string
  put?: (handler: OverflowHandler | undefined) => void
}

function HandlerField({ form, groups, at, label, none, put = (handler) => form.write(at, handler) }: HandlerProps) {
  const w = words(groupWords)
  const handler = form.read(at) as OverflowHandler | undefined
  const value =
    handler === undefined ? '' : 'groupId' in handler ? handler.groupId : 'pool' in handler ? 'pool' : 'close'
  const choose = (chosen: string): OverflowHandler | undefined => {
    if (chosen === '') return undefined
    if (chosen === 'pool') return { pool: true }
    return chosen === 'close' ? { close: true } : { groupId: chosen }
  }
  return (
    <Field form={form} at={at} label={label}>
      {(control) => (
        <select {...control} value={value} onChange={({ currentTarget }) => put(choose(currentTarget.value))}>
          <option value="">{none}</option>
          {(none !== w.pool || value === 'pool') && <option value="pool">{w.pool}</option>}
          <option value="close">{w.closeIt}</option>
          {groups.map(({ id, name }) => (
            <option key={id} value={id}>
              {fill(w.toGroup, { name })}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
