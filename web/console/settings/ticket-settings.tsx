/** What tickets may be: statuses, categories and fields. What is in use is retired, never removed. */
import type { TicketCategory, TicketField, TicketStatus } from '../../../src/core/events/ticket-shapes.ts'
import { ticketSettingWords } from '../../i18n/settings-desk.ts'
import { CheckField, type Choice, LinesField, SelectField } from './controls.tsx'
import { ParentField, parentName } from './parent-field.tsx'
import { PageHead } from './parts.tsx'
import { WordList } from './word-list.tsx'
import { words } from './words.ts'

export function TicketSettingsPage() {
  const w = words(ticketSettingWords)
  const named = (...names: (keyof typeof ticketSettingWords)[]): Choice[] => names.map((name) => [name, w[name]])
  return (
    <>
      <PageHead title={w.tickets} hint={w.ticketsHint} />
      <WordList<TicketStatus>
        title={w.statuses}
        path="ticket-statuses"
        usual={{ category: 'open' }}
        said={({ category }) => w[category]}
        fields={(form) => (
          <SelectField
            form={form}
            at="/category"
            label={w.statusCategory}
            choices={named('new', 'open', 'pending', 'solved', 'closed')}
          />
        )}
      />
      <WordList<TicketCategory>
        title={w.categories}
        path="ticket-categories"
        usual={{ parentKey: null }}
        said={parentName}
        fields={(form, all) => <ParentField form={form} all={all} />}
      />
      <WordList<TicketField>
        title={w.fields}
        path="ticket-fields"
        usual={{ type: 'text', required: false, options: [] }}
        said={({ type, required, options }) =>
          [w[type], required ? w.required : '', ...options].filter(Boolean).join(' · ')
        }
        fields={(form) => (
          <>
            <SelectField form={form} at="/type" label={w.type} choices={named('text', 'number', 'date', 'choice')} />
            {form.value.type === 'choice' && (
              <LinesField form={form} at="/options" label={w.options} hint={w.eachLine} />
            )}
            <CheckField form={form} at="/required" label={w.required} />
          </>
        )}
      />
    </>
  )
}
