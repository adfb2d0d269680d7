/** What every page of the settings is made of: its head, what is loaded, lists, words to copy, and questions before what cannot be undone. */
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../../api.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { tell } from '../actions.ts'
import { Dialog } from '../overlays.tsx'
import { explainProblem, words } from './words.ts'

export function PageHead({
  title,
  hint,
  back,
  children,
}: {
  title: string
  hint?: string
  /** Where the page belongs to, as a fragment. */
  back?: { href: string; label: string }
  children?: ComponentChildren
}) {
  return (
    <header class="page-head">
      {back && (
        <a class="back" href={back.href}>
          ‹ {back.label}
        </a>
      )}
      <div class="page-title">
        <h2>{title}</h2>
        <div class="page-acts">{children}</div>
      </div>
      {hint && <p class="hint">{hint}</p>}
    </header>
  )
}

export interface Loaded<T> {
  readonly data: T | undefined
  readonly problem: Problem | undefined
  /** Reads it again; what is there is shown meanwhile. */
  reload(): Promise<void>
  /** Shows this instead, without asking. */
  put(data: T): void
}

/** Reads what a page shows, and again when `key` is another. */
export function useLoaded<T>(load: () => Promise<T>, key = ''): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem }>({ key })
  const reload = () =>
    load().then(
      (data) => setState({ key, data }),
      (error: unknown) => setState((before) => ({ ...before, key, problem: asProblem(error) })),
    )
  useEffect(() => {
    void reload()
  }, [key])
  const here = state.key === key
  return {
    data: here ? state.data : undefined,
    problem: here ? state.problem : undefined,
    reload,
    put: (data) => setState({ key, data }),
  }
}

/** Draws what was loaded; until then says so, and when it could not be, why. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  const w = words(settingsWords)
  if (of.data !== undefined) return <>{children(of.data)}</>
  if (!of.problem) return <p class="empty">{w.loading}</p>
  return (
    <p class="empty" role="alert">
      {explainProblem(of.problem)}{' '}
      <button type="button" onClick={() => void of.reload()}>
        {w.tryAgain}
      </button>
    </p>
  )
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="card empty-state">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  )
}

export function Card({ title, hint, children }: { title?: string; hint?: string; children: ComponentChildren }) {
  return (
    <section class="card">
      {title && <h3>{title}</h3>}
      {hint && <p class="hint">{hint}</p>}
      {children}
    </section>
  )
}

/** Something to take elsewhere, with a button that copies it. */
export function Copyable({ label, text, area }: { label: string; text: string; area?: boolean }) {
  const w = words(settingsWords)
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => tell(w.copied),
      () => tell(w.copyByHand, 'error'),
    )
  return (
    <div class="copyable">
      {area ? (
        <textarea
          readOnly
          rows={3}
          aria-label={label}
          value={text}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      ) : (
        <input readOnly aria-label={label} value={text} onFocus={({ currentTarget }) => currentTarget.select()} />
      )}
      <button type="button" onClick={() => void copy()}>
        {w.copy}
      </button>
    </div>
  )
}

interface Question {
  title: string
  text: string
  act: string
  /** What is asked about can be undone. */
  isSafe?: boolean
  answer: (yes: boolean) => void
}

const question = signal<Question | undefined>(undefined)

/** Asks before what cannot be undone. Resolves with the answer. */
export function confirmed(asked: Omit<Question, 'answer'>): Promise<boolean> {
  return new Promise((answer) => {
    question.value = { ...asked, answer }
  })
}

export function Questions() {
  const w = words(settingsWords)
  if (!question.value) return null
  const { title, text, act, isSafe, answer } = question.value
  const give = (yes: boolean) => {
    question.value = undefined
    answer(yes)
  }
  return (
    <Dialog label={title} onClose={() => give(false)}>
      <p>{text}</p>
      <div class="form-end">
        <button type="button" class={isSafe ? 'primary' : 'primary is-danger'} onClick={() => give(true)}>
          {act}
        </button>
        <button type="button" onClick={() => give(false)}>
          {w.cancel}
        </button>
      </div>
    </Dialog>
  )
}

/** Runs what may be refused, and tells why if it was. */
export async function attempt(act: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await act()
    if (done) tell(done)
    return true
  } catch (error) {
    const problem = asProblem(error)
    if (problem.status !== 401) tell(explainProblem(problem), 'error')
    return false
  }
}

/** A secret that is shown this once. */
export function SecretOnce({
  title,
  hint,
  text,
  onClose,
}: {
  title: string
  hint: string
  text: string
  onClose: () => void
}) {
  const w = words(settingsWords)
  return (
    <Dialog label={title} onClose={onClose}>
      <p class="warning">{hint}</p>
      <Copyable label={title} text={text} />
      <div class="form-end">
        <button type="button" class="primary" onClick={onClose}>
          {w.keptIt}
        </button>
      </div>
    </Dialog>
  )
}
