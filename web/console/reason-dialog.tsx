/** What one is away for, in one's own words. */
import { awayFor } from './away-reasons.ts'
import { Dialog } from './overlays.tsx'
import { t } from './texts.ts'

export function ReasonDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label={t().otherReason} onClose={onClose}>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim()
          if (reason !== '') awayFor(reason)
          onClose()
        }}
      >
        <input name="reason" required maxLength={30} aria-label={t().reason} placeholder={t().reason} />
        <button type="submit" class="primary">
          {t().away}
        </button>
      </form>
    </Dialog>
  )
}
