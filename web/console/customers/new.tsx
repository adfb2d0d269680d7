/** Making a customer's record by hand. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { createContact } from '../../api-contacts.ts'
import { newClientId } from '../../ids.ts'
import { api } from '../calls.ts'
import { Dialog } from '../overlays.tsx'
import { putContact } from '../reduce.ts'
import { goArea, update } from '../store.ts'
import { refusalOf, t } from '../texts.ts'
import { problems, words } from './words.ts'

const facts = ['company', 'province', 'city'] as const

export const tagsOf = (text: string): string[] =>
  text
    .split(/[,，、;；]/)
    .map((tag) => tag.trim())
    .filter(Boolean)

export function NewCustomerDialog({ onClose }: { onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null)
  /** The same request again makes no second one. */
  const key = useRef(newClientId())
  const refused = useSignal('')
  const isBusy = useSignal(false)
  useEffect(() => form.current?.querySelector('input')?.focus(), [])
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (isBusy.peek() || !form.current) return
    isBusy.value = true
    const data = new FormData(form.current)
    const said = (name: string) => String(data.get(name) ?? '').trim()
    try {
      const contact = await createContact(api, key.current, {
        name: said('name'),
        ...Object.fromEntries(facts.flatMap((fact) => (said(fact) ? [[fact, said(fact)]] : []))),
        tags: tagsOf(said('tags')),
        identities: (['phone', 'email'] as const).flatMap((kind) =>
          said(kind) ? [{ kind, address: said(kind) }] : [],
        ),
      })
      update((state) => putContact(state, contact))
      onClose()
      goArea('customers', [contact.id])
    } catch (error) {
      key.current = newClientId()
      refused.value = refusalOf(error, problems())
    }
    isBusy.value = false
  }
  const field = (name: 'name' | 'phone' | 'email' | 'tags' | (typeof facts)[number], hint = '') => (
    <div class="field">
      <label for={`new-${name}`}>
        {words()[name]}
        {name === 'name' && <span class="required"> *</span>}
      </label>
      <input
        id={`new-${name}`}
        name={name}
        required={name === 'name'}
        maxLength={255}
        autocomplete="off"
        inputMode={name === 'phone' ? 'tel' : name === 'email' ? 'email' : 'text'}
        placeholder={hint}
      />
    </div>
  )
  return (
    <Dialog label={words().newCustomer} onClose={onClose}>
      <form ref={form} onSubmit={submit}>
        {field('name')}
        {field('phone')}
        {field('email')}
        {facts.map((fact) => field(fact))}
        {field('tags', words().tagsHint)}
        <div class="form-end">
          <p class="failure" role="alert">
            {refused.value}
          </p>
          <button type="submit" class="primary" disabled={isBusy.value}>
            {words().create}
          </button>
          <button type="button" onClick={onClose}>
            {t().cancel}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
