import { t } from './texts.ts'

/** The way to the next page of a list, where there is one. */
export function More({ next, load }: { next: string | null | undefined; load(cursor: string): unknown }) {
  if (!next) return null
  return (
    <button type="button" class="more" onClick={() => void load(next)}>
      {t().loadMore}
    </button>
  )
}
