/** A button that opens what is asked for less often. */
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

/** Its children are buttons; choosing one, Escape or looking elsewhere closes it. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const menu = useRef<HTMLDetailsElement>(null)
  const shut = () => menu.current?.removeAttribute('open')
  return (
    <details
      ref={menu}
      class="menu"
      onFocusOut={({ relatedTarget }) => {
        if (relatedTarget instanceof Node && !menu.current?.contains(relatedTarget)) shut()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current?.open) return
        event.stopPropagation()
        shut()
        menu.current.querySelector('summary')?.focus()
      }}
    >
      <summary aria-label={label} title={label}>
        <Icon name="more" />
      </summary>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys press the buttons within */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what is pressed are the buttons within */}
      <div class="menu-list" onClick={shut}>
        {children}
      </div>
    </details>
  )
}
