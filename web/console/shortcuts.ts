/** Keys that work everywhere on the page. By `code`, so that they are where they are on every keyboard. */
import { step } from './actions.ts'
import { endSelected, snoozeSelected } from './ending.ts'
import { expired, helpShown, panelShown } from './store.ts'

export function listenForShortcuts(): void {
  addEventListener('keydown', (event) => {
    if (event.isComposing || expired.peek()) return
    if (event.altKey && !event.ctrlKey && !event.metaKey) {
      const act = {
        KeyJ: () => step(1),
        KeyK: () => step(-1),
        KeyE: () => endSelected('close'),
        KeyR: () => endSelected('resolve'),
        KeyM: snoozeSelected,
      }[event.code]
      if (!act) return
      event.preventDefault()
      act()
    } else if (event.key === 'Escape') {
      panelShown.value = false
    } else if (event.key === '?' && !isField(event.target)) {
      helpShown.value = true
    }
  })
}

/** Whether what is typed belongs to somebody else. */
function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}
