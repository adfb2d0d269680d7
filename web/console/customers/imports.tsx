/** Imports of customers: a table is uploaded here, and those of the last weeks are listed. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type ContactImport, listImports } from '../../api-contacts.ts'
import { uploadFile } from '../../api-files.ts'
import { fill } from '../../i18n/locale.ts'
import { dateTime } from '../../times.ts'
import { api, base } from '../calls.ts'
import { onFrames } from '../connection.ts'
import { formatArea } from '../route.ts'
import { Card, PageHead, Show, useLoaded } from '../settings/parts.tsx'
import { goArea, hub, locale } from '../store.ts'
import { refusalOf } from '../texts.ts'
import { problems, words } from './words.ts'

/** The hub answers when it has read the whole table. */
const readingMs = 300_000

/** As the hub takes them; the docs name it too. */
const mostRows = 200_000

export function ImportsPage() {
  const loaded = useLoaded(() => listImports(api))
  useEffect(
    () =>
      onFrames(({ type }) => {
        if (type?.startsWith('contactimport.')) void loaded.reload()
      }),
    [],
  )
  return (
    <>
      <PageHead title={words().imports} />
      <Upload />
      <Show of={loaded}>
        {({ data }) => (
          <Card title={words().earlierImports}>
            {data.length === 0 && <p class="hint">{words().noImports}</p>}
            <ul class="rows">
              {data.map((one) => (
                <li key={one.id}>
                  <a class="row-link" href={formatArea('customers', ['imports', one.id])}>
                    <span class="row-text">
                      <strong>{one.name}</strong>
                      <small>
                        {dateTime(locale.value, one.createdAt)} {hub.value.members[one.createdBy]?.name} ·{' '}
                        {one.state === 'done' ? resultOf(one) : fill(words().rows, { count: one.total })}
                      </small>
                    </span>
                    <span class={`standing ${one.state === 'done' ? 'is-good' : ''}`}>{words()[one.state]}</span>
                  </a>
                </li>
              ))}
            </ul>
          </Card>
        )}
      </Show>
    </>
  )
}

export const resultOf = ({ created, updated, unchanged, failed }: ContactImport): string =>
  fill(words().result, { created, updated, unchanged, failed })

function Upload() {
  const input = useRef<HTMLInputElement>(null)
  const isOver = useSignal(false)
  const name = useSignal('')
  const refused = useSignal('')
  const take = async (file: File | undefined) => {
    if (!file || name.peek()) return
    name.value = file.name
    refused.value = ''
    try {
      const { id } = await uploadFile<ContactImport>(base, 'contact-imports', file, undefined, readingMs)
      goArea('customers', ['imports', id])
    } catch (error) {
      refused.value = refusalOf(error, problems())
    }
    name.value = ''
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one way; the button within is the other
    <div
      class={isOver.value ? 'card drop-place is-over' : 'card drop-place'}
      onDragOver={(event) => {
        event.preventDefault()
        isOver.value = true
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={(event) => {
        event.preventDefault()
        isOver.value = false
        void take(event.dataTransfer?.files[0])
      }}
    >
      <p class="hint">{fill(words().importHint, { rows: mostRows.toLocaleString(locale.value) })}</p>
      <input
        ref={input}
        type="file"
        accept=".csv,.txt,.xlsx"
        class="unseen"
        aria-label={words().chooseFile}
        tabIndex={-1}
        onChange={({ currentTarget }) => {
          void take(currentTarget.files?.[0])
          currentTarget.value = ''
        }}
      />
      <button type="button" class="primary" disabled={name.value !== ''} onClick={() => input.current?.click()}>
        {name.value ? fill(words().uploading, { name: name.value }) : words().chooseFile}
      </button>
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
    </div>
  )
}
