/** A form's life: what is written in it, what the hub said against which field of it, and whether it is on its way. */
import { useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../../api.ts'
import { readAt, writeAt } from './pointer.ts'
import { explainDetail, explainProblem } from './words.ts'

export interface Form<T> {
  readonly value: T
  readonly busy: boolean
  /** What is wrong that no field shows. */
  readonly failure: string
  /** Whether anything was written since it was opened or saved. */
  readonly dirty: boolean
  read(pointer: string): unknown
  write(pointer: string, value: unknown): void
  /** What is wrong with what stands there, or below it: then with its place, if `namesPlace`. Asking makes it the field's to show. */
  errorAt(pointer: string, namesPlace?: boolean): string
  /** Starts again from this. */
  reset(value: T): void
  /** Runs what may be refused; resolves with whether it was not. */
  submit(act: (value: T) => Promise<unknown>): Promise<boolean>
}

export function useForm<T>(initial: T): Form<T> {
  const [value, setValue] = useState(initial)
  const [{ busy, problem, dirty }, setStanding] = useState<{ busy: boolean; problem?: Problem; dirty: boolean }>({
    busy: false,
    dirty: false,
  })
  const shown = useRef(new Set<string>())
  // What is written while an answer is on its way must not be lost to a closure.
  const latest = useRef(value)
  latest.current = value
  shown.current.clear()

  const errors = problem?.errors ?? []
  const at = (pointer: string) =>
    errors.filter((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`))

  return {
    value,
    busy,
    dirty,
    get failure() {
      if (!problem) return ''
      const claimed = (pointer: string) =>
        [...shown.current].some((field) => pointer === field || pointer.startsWith(`${field}/`))
      const rest = errors.filter((error) => !claimed(error.pointer))
      if (errors.length > 0 && rest.length === 0) return ''
      return [explainProblem(problem), ...rest.map((error) => `${error.pointer} ${explainDetail(error.detail)}`)].join(
        ' · ',
      )
    },
    read: (pointer) => readAt(value, pointer),
    write(pointer, put) {
      latest.current = writeAt(latest.current, pointer, put)
      setValue(latest.current)
      setStanding((before) => ({ ...before, dirty: true }))
    },
    errorAt(pointer, namesPlace = false) {
      shown.current.add(pointer)
      return at(pointer)
        .map(({ pointer: where, detail }) => {
          const place = where.slice(pointer.length)
          return namesPlace && place !== '' ? `${place} ${explainDetail(detail)}` : explainDetail(detail)
        })
        .join(namesPlace ? ' · ' : ' ')
    },
    reset(next) {
      latest.current = next
      setValue(next)
      setStanding({ busy: false, dirty: false })
    },
    async submit(act) {
      setStanding((before) => ({ busy: true, dirty: before.dirty }))
      try {
        await act(latest.current)
        setStanding({ busy: false, dirty: false })
        return true
      } catch (error) {
        setStanding({ busy: false, dirty: true, problem: asProblem(error) })
        // Once it is drawn, the keyboard goes where the mistake is.
        setTimeout(() => document.querySelector<HTMLElement>('.settings [aria-invalid=true]')?.focus())
        return false
      }
    },
  }
}
