/** Below which other category one stands. */
import { ticketSettingWords } from '../../i18n/settings-desk.ts'
import { SelectField } from './controls.tsx'
import type { Form } from './form.ts'
import { words } from './words.ts'

interface Category {
  key: string
  name: string
  parentKey: string | null
}

export const parentName = ({ parentKey }: Category, all: readonly Category[]): string =>
  all.find(({ key }) => key === parentKey)?.name ?? ''

export function ParentField<Word extends Category>({ form, all }: { form: Form<Word>; all: readonly Word[] }) {
  const w = words(ticketSettingWords)
  const { key } = form.value
  return (
    <SelectField
      form={form}
      at="/parentKey"
      label={w.parent}
      none="—"
      choices={all.filter((one) => one.key !== key).map((one) => [one.key, one.name])}
    />
  )
}
