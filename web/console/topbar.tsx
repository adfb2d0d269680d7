/** The line above everything: who I am, how I am, and the page's few settings. */
import { type Locale, localeNames, locales } from '../i18n/locale.ts'
import { setPresence } from './actions.ts'
import { leave } from './connection.ts'
import { Icon } from './icon.tsx'
import { PresenceSwitch } from './presence.tsx'
import { chooseLocale, helpShown, hub, line, locale, me, muted, toggleMuted } from './store.ts'
import { t } from './texts.ts'

export function TopBar() {
  const who = me.value?.member
  return (
    <header class="topbar">
      <h1>
        {t().name}
        <small>{me.value?.tenant.name}</small>
      </h1>
      <PresenceSwitch />
      <div class="topbar-tools">
        <LanguageChoice />
        <button type="button" aria-label={muted.value ? t().unmute : t().mute} onClick={toggleMuted}>
          <Icon name={muted.value ? 'mute' : 'sound'} />
        </button>
        <button type="button" class="wide-only" aria-label={t().help} onClick={() => (helpShown.value = true)}>
          <Icon name="help" />
        </button>
        <span class="whoami wide-only">
          {who?.name} {who?.number}
        </span>
        <button type="button" aria-label={t().logout} title={t().logout} onClick={() => void leave()}>
          <Icon name="leave" />
        </button>
      </div>
    </header>
  )
}

export function LanguageChoice() {
  return (
    <select
      class="language"
      aria-label={t().language}
      value={locale.value}
      onChange={({ currentTarget }) => chooseLocale(currentTarget.value as Locale)}
    >
      {locales.map((one) => (
        <option key={one} value={one} lang={one}>
          {localeNames[one]}
        </option>
      ))}
    </select>
  )
}

/** What the agent must know of the line and of themselves. */
export function Banners() {
  const state = hub.value.presence[hub.value.me]?.state
  const isIdle = state === 'offline' || state === 'not-responding'
  return (
    <div class="banners" role="status">
      {line.value === 'broken' && <p class="banner is-error">{t().disconnected}</p>}
      {line.value !== 'broken' && isIdle && (
        <p class="banner">
          {t().offlineHint}
          <button type="button" onClick={() => void setPresence({ state: 'online' })}>
            {t().goOnline}
          </button>
        </p>
      )}
    </div>
  )
}
