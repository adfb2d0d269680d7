/** Skills with their levels, one line each. */
import type { SkillLevel } from '../../../src/core/events/routing-shapes.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { memberWords } from '../../i18n/settings-team.ts'
import type { FieldProps } from './controls.tsx'
import { words } from './words.ts'

export function SkillsField({ form, at, label, hint }: FieldProps) {
  const w = words(memberWords)
  const s = words(settingsWords)
  const skills = (form.read(at) as readonly SkillLevel[] | undefined) ?? []
  const put = (changed: readonly SkillLevel[]) => form.write(at, changed)
  const change = (index: number, part: Partial<SkillLevel>) =>
    put(skills.map((one, other) => (other === index ? { ...one, ...part } : one)))
  const error = form.errorAt(at)
  return (
    <fieldset class="field skills">
      <legend>{label}</legend>
      {skills.map((one, index) => (
        <div class="line" key={index}>
          <input
            aria-label={w.skill}
            placeholder={w.skill}
            required
            maxLength={50}
            value={one.skill}
            onInput={({ currentTarget }) => change(index, { skill: currentTarget.value })}
          />
          <select
            aria-label={w.level}
            value={one.level}
            onChange={({ currentTarget }) => change(index, { level: Number(currentTarget.value) })}
          >
            {[1, 2, 3, 4, 5].map((level) => (
              <option key={level} value={level}>
                {fill(w.levels, { level })}
              </option>
            ))}
          </select>
          <button type="button" class="quiet" onClick={() => put(skills.filter((_, other) => other !== index))}>
            {s.remove}
          </button>
        </div>
      ))}
      <p>
        <button type="button" onClick={() => put([...skills, { skill: '', level: 3 }])}>
          {w.addSkill}
        </button>
      </p>
      <p class={error ? 'field-error' : 'hint'}>{error || hint}</p>
    </fieldset>
  )
}
