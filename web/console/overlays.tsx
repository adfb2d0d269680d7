/** What stands over the page: help, the log-in after a session ended, and short notices. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { episodeTexts } from '../i18n/console-episodes.ts'
import { Icon } from './icon.tsx'
import { LoginForm } from './login.tsx'
import { expired, helpShown, locale, notice } from './store.ts'
import { t } from './texts.ts'

export function Overlays() {
  return (
    <>
      {helpShown.value && <Help />}
      {expired.value && (
        <Dialog label={t().login}>
          <p>{t().loginAgain}</p>
          <LoginForm />
        </Dialog>
      )}
      <div class="notices" role="status">
        {notice.value && <p class={`notice is-${notice.value.kind}`}>{notice.value.text}</p>}
      </div>
    </>
  )
}

/** A dialog that keeps the keyboard within itself; without `onClose` it stays until it is answered. */
export function Dialog({
  label,
  onClose,
  children,
}: {
  label: string
  onClose?: () => void
  children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const { current } = dialog
    current?.showModal()
    return () => current?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose?.()
      }}
    >
      <div class="dialog-head">
        <h2>{label}</h2>
        {onClose && (
          <button type="button" class="square" aria-label={t().close} onClick={onClose}>
            <Icon name="cross" />
          </button>
        )}
      </div>
      {children}
    </dialog>
  )
}

function Help() {
  const keys: [string, string][] = [
    ['Alt+J', t().helpNext],
    ['Alt+K', t().helpPrevious],
    ['Alt+E', t().helpClose],
    ['Alt+R', episodeTexts[locale.value].resolve],
    ['Alt+M', episodeTexts[locale.value].snooze],
    ['Alt+L', t().helpReply],
    ['Alt+P', t().helpNote],
    ['?', t().helpHelp],
    ['Esc', t().helpEscape],
  ]
  return (
    <Dialog label={t().help} onClose={() => (helpShown.value = false)}>
      <dl class="keys">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
