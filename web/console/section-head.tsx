import { Icon } from './icon.tsx'

/** What stands over a section of the customer's record, with the way to add to it, for whoever may. */
export function SectionHead(props: {
  title: string
  add?: string | undefined
  /** Left out where adding opens a page of its own. */
  isAdding?: boolean
  onAdd(): void
}) {
  const { title, add, isAdding, onAdd } = props
  return (
    <div class="section-head">
      <h3>{title}</h3>
      {add !== undefined && (
        <button type="button" class="square small" aria-label={add} aria-expanded={isAdding} onClick={onAdd}>
          <Icon name="plus" />
        </button>
      )}
    </div>
  )
}
