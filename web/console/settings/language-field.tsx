import { type Locale, localeNames, locales } from '../../i18n/locale.ts'

/** In which language the texts below are. */
export function LanguageField(props: { id: string; label: string; value: Locale; onChange(value: Locale): void }) {
  const { id, label, value, onChange } = props
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as Locale)}>
        {locales.map((one) => (
          <option key={one} value={one}>
            {localeNames[one]}
          </option>
        ))}
      </select>
    </div>
  )
}
