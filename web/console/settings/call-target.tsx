/** Where a call goes next, and the keys that lead there. */
import { useId } from 'preact/hooks'
import type { CallPlan, CallTarget } from '../../../src/core/events/call-plan-shapes.ts'
import type { SkillGroup } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { callPlanWords } from '../../i18n/settings-calls.ts'
import { freeKey, type Keys, newTarget, type TargetKind, telephoneKeys, withKey } from './call-plan-changes.ts'
import { TextField } from './controls.tsx'
import type { Form } from './form.ts'
import { SoundField } from './sound-field.tsx'
import { words } from './words.ts'

export interface PlanProps {
  form: Form<CallPlan>
  groups: readonly SkillGroup[]
}

const kinds: readonly TargetKind[] = ['queue', 'menu', 'number', 'voicemail', 'callback', 'hang-up']
/** Who waits is in the queue already: a key leads out of it. */
export const outOfQueue: readonly TargetKind[] = ['voicemail', 'callback', 'number', 'hang-up']

interface TargetProps extends PlanProps {
  at: string
  label: string
  hint?: string
  /** What happens where nothing is said. */
  usual?: string
  only?: readonly TargetKind[]
  /** The label is for those who hear the page. */
  isUnseen?: true
}

export function TargetField({ form, groups, at, label, hint, usual, only = kinds, isUnseen }: TargetProps) {
  const w = words(callPlanWords)
  const id = useId()
  const target = form.read(at) as CallTarget | undefined
  const plan = form.value
  const error = form.errorAt(at)
  const labels: Record<TargetKind, string> = {
    queue: w.toQueue,
    menu: w.toMenu,
    number: w.toNumber,
    voicemail: w.toVoicemail,
    callback: w.toCallback,
    'hang-up': w.toHangUp,
  }
  const hasMenus = Object.keys(plan.menus ?? {}).length > 0
  const choose = (to: string) => {
    if (to === '') return form.write(at, undefined)
    form.write(at, newTarget(to as TargetKind, plan))
    if (to === 'voicemail' && plan.voicemail === undefined) form.write('/voicemail', {})
  }
  return (
    <div class={error ? 'field target is-wrong' : 'field target'}>
      <label for={id} class={isUnseen && 'unseen'}>
        {label}
      </label>
      <select
        id={id}
        aria-invalid={error !== ''}
        value={target?.to ?? ''}
        onChange={({ currentTarget: { value } }) => choose(value)}
      >
        {usual !== undefined && <option value="">{usual}</option>}
        {only
          .filter((to) => to !== 'menu' || hasMenus || target?.to === 'menu')
          .map((to) => (
            <option key={to} value={to}>
              {labels[to]}
            </option>
          ))}
      </select>
      {target?.to === 'queue' && (
        <select
          aria-label={`${label} ${w.group}`}
          value={target.groupId ?? ''}
          onChange={({ currentTarget: { value } }) =>
            form.write(at, value === '' ? { to: 'queue' } : { to: 'queue', groupId: value })
          }
        >
          <option value="">{w.ownGroup}</option>
          {groups.map((group) => (
            <option key={group.id} value={group.id}>
              {group.name}
            </option>
          ))}
        </select>
      )}
      {target?.to === 'menu' && (
        <MenuChoice form={form} at={at} label={`${label} ${w.menu}`} menu={target.menu} plan={plan} />
      )}
      {target?.to === 'number' && (
        <TextField
          form={form}
          at={`${at}/number`}
          label={w.number}
          hint={w.numberHint}
          pattern="\+?[0-9]{2,20}"
          maxLength={21}
          required
        />
      )}
      {target?.to === 'hang-up' && <SoundField form={form} at={`${at}/say`} label={w.lastWord} />}
      {(error || hint) && <p class={error ? 'field-error' : 'hint'}>{error || hint}</p>}
    </div>
  )
}

function MenuChoice({
  form,
  at,
  label,
  menu,
  plan,
}: Pick<PlanProps, 'form'> & { at: string; label: string; menu: string; plan: CallPlan }) {
  const w = words(callPlanWords)
  const names = Object.keys(plan.menus ?? {})
  return (
    <select
      aria-label={label}
      value={menu}
      onChange={({ currentTarget: { value } }) => form.write(at, { to: 'menu', menu: value })}
    >
      {!names.includes(menu) && <option value={menu}>{fill(w.missingMenu, { name: menu })}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}

export function KeysField({ form, groups, at, only }: PlanProps & { at: string; only?: readonly TargetKind[] }) {
  const w = words(callPlanWords)
  const keys = (form.read(at) as Keys | undefined) ?? {}
  const free = freeKey(keys)
  const listed = telephoneKeys.filter((key) => key in keys)
  const put = (changed: Keys) => form.write(at, changed)
  return (
    <div class="keys">
      {listed.length === 0 && <p class="hint">{w.noKeys}</p>}
      {listed.map((key) => (
        <div class="key-row" key={key}>
          <select
            class="key"
            aria-label={w.key}
            value={key}
            onChange={({ currentTarget }) => put(withKey(keys, key, currentTarget.value))}
          >
            {telephoneKeys
              .filter((one) => one === key || !(one in keys))
              .map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
          </select>
          <TargetField
            form={form}
            groups={groups}
            at={`${at}/${key}`}
            label={`${w.key} ${key}`}
            isUnseen
            {...(only && { only })}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`${w.removeKey} ${key}`}
            onClick={() => put(Object.fromEntries(Object.entries(keys).filter(([one]) => one !== key)))}
          >
            {w.removeKey}
          </button>
        </div>
      ))}
      {free !== undefined && (
        <button
          type="button"
          onClick={() => {
            const target = newTarget(only?.[0] ?? 'queue', form.value)
            put({ ...keys, [free]: target })
            if (target.to === 'voicemail' && form.value.voicemail === undefined) form.write('/voicemail', {})
          }}
        >
          {w.addKey}
        </button>
      )}
    </div>
  )
}
