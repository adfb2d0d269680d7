/** The way in: for the page, and over it when a session has ended. */
import { useSignal } from '@preact/signals'
import { asProblem } from '../api.ts'
import { createSession, getMe } from '../api-agent.ts'
import { plainApi } from './calls.ts'
import { begin, enter } from './connection.ts'
import { t } from './texts.ts'
import { LanguageChoice } from './topbar.tsx'

export function LoginForm() {
  const failure = useSignal('')
  const busy = useSignal(false)

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const field = (name: string) => String(form.get(name) ?? '').trim()
    busy.value = true
    failure.value = ''
    try {
      const tenant = field('tenant')
      const password = String(form.get('password') ?? '')
      await createSession(plainApi, { login: field('login'), password, ...(tenant && { tenant }) })
      enter(await getMe(plainApi))
    } catch (error) {
      const { status, code, message } = asProblem(error)
      failure.value = status === 401 ? t().loginFailed : (t().problems[code] ?? message)
    }
    busy.value = false
  }

  return (
    <form class="login-form" onSubmit={submit}>
      <label>
        {t().loginName}
        <input name="login" autocomplete="username" required />
      </label>
      <label>
        {t().password}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <label>
        {t().tenant}
        <input name="tenant" autocomplete="organization" />
      </label>
      <p class="failure" role="alert">
        {failure}
      </p>
      <button type="submit" class="primary" disabled={busy.value}>
        {t().login}
      </button>
    </form>
  )
}

export function LoginPage() {
  return (
    <main class="login">
      <div class="login-card">
        <h1>
          {t().name} <small>{t().console}</small>
        </h1>
        <LoginForm />
        <LanguageChoice />
      </div>
    </main>
  )
}

export function BrokenPage() {
  return (
    <main class="login">
      <div class="login-card">
        <h1>{t().name}</h1>
        <p>{t().unreachable}</p>
        <button type="button" class="primary" onClick={() => void begin()}>
          {t().tryAgain}
        </button>
      </div>
    </main>
  )
}
