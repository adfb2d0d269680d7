/** Parts of the page that are loaded when they are first drawn. */
import { signal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import { t } from './texts.ts'

/** A component whose code comes when it is first wanted; one that cannot be had can be asked for again. */
export function lazy<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  const state = signal<{ loaded?: FunctionComponent<Props>; failed?: true }>({})
  let isAsked = false
  const ask = () => {
    if (isAsked) return
    isAsked = true
    load().then(
      (loaded) => (state.value = { loaded }),
      () => {
        isAsked = false
        state.value = { failed: true }
      },
    )
  }
  return (props) => {
    useEffect(ask, [])
    const { loaded: Loaded, failed } = state.value
    if (Loaded) return <Loaded {...props} />
    if (!failed) return null
    return (
      <p class="empty">
        {t().unreachable}{' '}
        <button type="button" onClick={ask}>
          {t().tryAgain}
        </button>
      </p>
    )
  }
}
