/** What is asked when a conversation ends (对话小结) or is set aside (稍后处理). */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { asProblem } from '../api.ts'
import type { Conversation } from '../api-agent.ts'
import { asking, categoryOptions, end, type How, loadEndings, ruleOf, snooze, snoozing, words } from './ending.ts'
import { Dialog } from './overlays.tsx'
import { refusalOf, t } from './texts.ts'

export function EndingDialogs() {
  return (
    <>
      {asking.value && <EndDialog key={asking.value.conversation.id} {...asking.value} />}
      {snoozing.value && <SnoozeDialog key={snoozing.value.id} conversation={snoozing.value} />}
    </>
  )
}

function EndDialog({ conversation, how }: { conversation: Conversation; how: How }) {
  const form = useRef<HTMLFormElement>(null)
  const refused = useSignal<{ code: string; text: string } | undefined>(undefined)
  const isBusy = useSignal(false)
  const rule = ruleOf(conversation)
  const close = () => (asking.value = undefined)
  useEffect(() => {
    void loadEndings()
    form.current?.querySelector('textarea')?.focus()
  }, [])
  const submit = async (event: Event) => {
    event.preventDefault()
    const data = new FormData(form.current ?? undefined)
    const said = (name: string) => String(data.get(name) ?? '').trim() || null
    isBusy.value = true
    try {
      await end(conversation, how, { summary: said('summary'), category: said('category') })
      close()
    } catch (error) {
      refused.value = { code: asProblem(error).code, text: refusalOf(error, words().problems) }
    }
    isBusy.value = false
  }
  const wrong = (code: string) => refused.value?.code === code
  return (
    <Dialog label={how === 'resolve' ? words().resolveTitle : words().closeTitle} onClose={close}>
      <form
        ref={form}
        class="form"
        onSubmit={submit}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void submit(event)
        }}
      >
        {rule?.category !== 'off' && (
          <label class={wrong('category-missing') ? 'field is-wrong' : 'field'}>
            <span>
              {words().category}
              {rule?.category === 'required' && <b> *</b>}
            </span>
            <select name="category" required={rule?.category === 'required'}>
              <option value="">—</option>
              {categoryOptions(conversation.category).map(([key, name]) => (
                <option key={key} value={key} selected={key === conversation.category}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        {rule?.summary !== 'off' && (
          <label class={wrong('summary-missing') ? 'field is-wrong' : 'field'}>
            <span>
              {words().summary}
              {rule?.summary === 'required' && <b> *</b>}
            </span>
            <textarea
              name="summary"
              rows={4}
              maxLength={5000}
              required={rule?.summary === 'required'}
              defaultValue={conversation.summary ?? ''}
            />
          </label>
        )}
        <p class="failure" role="alert">
          {refused.value?.text}
        </p>
        <p class="form-acts">
          <button type="button" onClick={close}>
            {t().cancel}
          </button>
          <button type="submit" class="primary" disabled={isBusy.value}>
            {how === 'resolve' ? words().resolve : t().closeConversation}
          </button>
        </p>
      </form>
    </Dialog>
  )
}

function SnoozeDialog({ conversation }: { conversation: Conversation }) {
  const refused = useSignal('')
  const isBusy = useSignal(false)
  const close = () => (snoozing.value = undefined)
  const to = async (until: Date | undefined) => {
    isBusy.value = true
    const why = await snooze(conversation, until)
    isBusy.value = false
    if (why === undefined) close()
    else refused.value = why
  }
  const choices: [string, () => Date | undefined][] = [
    [words().inAnHour, () => inHours(1)],
    [words().inThreeHours, () => inHours(3)],
    [words().tomorrow, () => morningAfter(1)],
    [words().nextWeek, () => morningAfter((8 - new Date().getDay()) % 7 || 7)],
    [words().untilTheyWrite, () => undefined],
  ]
  return (
    <Dialog label={words().snoozeTitle} onClose={close}>
      <div class="transfer">
        {choices.map(([text, until]) => (
          <button type="button" key={text} disabled={isBusy.value} onClick={() => void to(until())}>
            {text}
          </button>
        ))}
      </div>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          const at = String(new FormData(event.currentTarget as HTMLFormElement).get('at'))
          void to(new Date(at))
        }}
      >
        <input name="at" type="datetime-local" required aria-label={words().atMoment} />
        <button type="submit" disabled={isBusy.value}>
          {words().snooze}
        </button>
      </form>
      <p class="failure" role="alert">
        {refused.value}
      </p>
    </Dialog>
  )
}

const inHours = (hours: number): Date => new Date(Date.now() + hours * 3_600_000)

/** Nine o'clock, so many days from now. */
function morningAfter(days: number): Date {
  const date = new Date()
  date.setDate(date.getDate() + days)
  date.setHours(9, 0, 0, 0)
  return date
}
