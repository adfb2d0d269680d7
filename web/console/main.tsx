/** The agent's console: a page that talks only to the public API. */
import { effect } from '@preact/signals'
import { render } from 'preact'
import { AreaPage } from './areas.tsx'
import { begin } from './connection.ts'
import { ConversationPane } from './conversation.tsx'
import { asking, snoozing } from './ending.ts'
import { lazy } from './lazy.tsx'
import { ListPane, Rail } from './lists.tsx'
import { BrokenPage, LoginPage } from './login.tsx'
import { listenForMentions } from './mentioned.ts'
import { Overlays } from './overlays.tsx'
import { Panel } from './panel.tsx'
import { parseRoute } from './route.ts'
import { listenForShortcuts } from './shortcuts.ts'
import { locale, now, offers, panelShown, route, stage, unread } from './store.ts'
import { t } from './texts.ts'
import { Banners, TopBar } from './topbar.tsx'

const CallStrip = lazy(async () => (await import('./telephone/strip.tsx')).CallStrip)
const EndingDialogs = lazy(async () => (await import('./ending-dialogs.tsx')).EndingDialogs)

function App() {
  if (stage.value === 'starting') return <p class="empty">{t().connecting}</p>
  if (stage.value === 'signed-out') return <LoginPage />
  if (stage.value === 'broken') return <BrokenPage />
  const { area, conversationId, path } = route.value
  return (
    <div class={conversationId || path.length > 0 ? 'app has-conversation' : 'app'}>
      <TopBar />
      <Banners />
      <CallStrip />
      <div class="panes">
        <Rail />
        {area ? (
          <AreaPage area={area} />
        ) : (
          <>
            <ListPane />
            <ConversationPane />
            <Panel />
          </>
        )}
      </div>
      {(asking.value || snoozing.value) && <EndingDialogs />}
      <Overlays />
    </div>
  )
}

effect(() => {
  document.documentElement.lang = locale.value
  const count = unread.value + offers.value.length
  document.title = `${count > 0 ? `(${count}) ` : ''}${t().name} · ${t().console}`
})
addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash)
  panelShown.value = false
})
setInterval(() => (now.value = Date.now()), 1000)
listenForShortcuts()
listenForMentions()
render(<App />, document.body)
void begin()
