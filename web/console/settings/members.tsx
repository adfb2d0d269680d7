/** Members: who may log in, what they may do, and how much they take. */
import { useState } from 'preact/hooks'
import { listMembers } from '../../api-agent.ts'
import { createMember, type Member, type MemberChange, setPassword, updateMember } from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { memberWords } from '../../i18n/settings-team.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { me } from '../store.ts'
import { FormEnd, NumberField, SelectField, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, confirmed, PageHead, SecretOnce, Show, useLoaded } from './parts.tsx'
import { goTo } from './place.ts'
import { SkillsField } from './skills-field.tsx'
import { words } from './words.ts'

const loadMembers = () => everyPage((cursor) => listMembers(api, cursor))

export function MembersPage({ path: [id] }: { path: readonly string[] }) {
  const loaded = useLoaded(loadMembers)
  const [password, setPasswordShown] = useState<{ name: string; text: string }>()
  const w = words(memberWords)
  return (
    <>
      <Show of={loaded}>
        {(members) => {
          const member = members.find((one) => one.id === id)
          if (id !== 'new' && !member) return <MemberList members={members} />
          return (
            <MemberForm
              key={id}
              member={member}
              onSaved={async (saved) => {
                loaded.put(member ? members.map((one) => (one.id === saved.id ? saved : one)) : [...members, saved])
                if (!member) goTo('members')
              }}
              onPassword={(name, text) => setPasswordShown({ name, text })}
            />
          )
        }}
      </Show>
      {password && (
        <SecretOnce
          title={fill(w.password, { name: password.name })}
          hint={w.passwordHint}
          text={password.text}
          onClose={() => setPasswordShown(undefined)}
        />
      )}
    </>
  )
}

const roleNames = () => {
  const w = words(memberWords)
  return { admin: w.roleAdmin, supervisor: w.roleSupervisor, agent: w.roleAgent }
}

function MemberList({ members }: { members: readonly Member[] }) {
  const w = words(memberWords)
  return (
    <>
      <PageHead title={w.members} hint={w.membersHint}>
        <a class="button primary" href="#/settings/members/new">
          {w.add}
        </a>
      </PageHead>
      <ul class="rows">
        {members.map((member) => (
          <li key={member.id}>
            <a class="row-link" href={`#/settings/members/${member.id}`}>
              <span class="row-text">
                <strong>
                  {member.name} {member.number}
                </strong>
                <small>
                  {roleNames()[member.role]} · {member.email}
                  {member.skills.length > 0 && ` · ${member.skills.map(({ skill }) => skill).join('、')}`}
                </small>
              </span>
              {member.disabled && <span class="standing is-bad">{w.disabled}</span>}
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

type Draft = Pick<Member, 'name' | 'email' | 'role' | 'capacity' | 'limits' | 'skills'> & { number: string }

const draftOf = (member: Member | undefined): Draft => ({
  name: member?.name ?? '',
  email: member?.email ?? '',
  role: member?.role ?? 'agent',
  number: member?.number ?? '',
  capacity: member?.capacity ?? 5,
  limits: member?.limits ?? {},
  skills: member?.skills ?? [],
})

interface MemberFormProps {
  member: Member | undefined
  onSaved: (member: Member) => Promise<void>
  onPassword: (name: string, text: string) => void
}

function MemberForm({ member, onSaved, onPassword }: MemberFormProps) {
  const w = words(memberWords)
  const s = words(settingsWords)
  const form = useForm<Draft>(draftOf(member))
  const save = () =>
    form.submit(async ({ number, ...draft }) => {
      const change: MemberChange = { ...draft, number: number === '' ? null : number }
      if (member) {
        const saved = await updateMember(api, member, change)
        form.reset(draftOf(saved))
        tell(s.saved)
        await onSaved(saved)
      } else {
        const password = newPassword()
        const made = await createMember(api, { ...change, password })
        onPassword(made.name, password)
        await onSaved(made)
      }
    })
  return (
    <>
      <PageHead title={member?.name ?? w.add} back={{ href: '#/settings/members', label: w.members }}>
        {member && <MemberActs member={member} onSaved={onSaved} onPassword={onPassword} />}
      </PageHead>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <TextField form={form} at="/name" label={s.name} required maxLength={100} />
        <TextField form={form} at="/email" label={w.email} type="email" required />
        <TextField form={form} at="/number" label={w.number} hint={w.numberHint} maxLength={32} />
        <SelectField
          form={form}
          at="/role"
          label={w.role}
          hint={w.roleHint}
          choices={Object.entries(roleNames()) as [string, string][]}
        />
        <h3 class="form-part">{w.reception}</h3>
        <div class="side-by-side">
          <NumberField form={form} at="/capacity" label={w.capacity} hint={w.capacityHint} min={0} max={100} required />
          <NumberField form={form} at="/limits/chat" label={w.limitChat} placeholder={w.noLimit} min={0} max={100} />
          <NumberField form={form} at="/limits/call" label={w.limitCall} placeholder={w.noLimit} min={0} max={100} />
          <NumberField
            form={form}
            at="/limits/ticket"
            label={w.limitTicket}
            placeholder={w.noLimit}
            min={0}
            max={100}
          />
        </div>
        <SkillsField form={form} at="/skills" label={w.skills} hint={w.skillsHint} />
        <FormEnd form={form} {...(!member && { label: s.add })} onCancel={() => goTo('members')} />
      </form>
    </>
  )
}

function MemberActs({ member, onSaved, onPassword }: MemberFormProps & { member: Member }) {
  const w = words(memberWords)
  if (member.id === me.value?.principal.id) return null
  const setDisabled = async (disabled: boolean) => {
    const asked = { title: fill(w.disableTitle, { name: member.name }), text: w.disableText, act: w.disable }
    if (disabled && !(await confirmed(asked))) return
    await attempt(async () => onSaved(await updateMember(api, member, { disabled })))
  }
  const reset = async () => {
    const asked = { title: fill(w.resetTitle, { name: member.name }), text: w.resetText, act: w.resetPassword }
    if (!(await confirmed(asked))) return
    const password = newPassword()
    if (await attempt(() => setPassword(api, member.id, { password }))) onPassword(member.name, password)
  }
  return (
    <>
      {member.disabled && <span class="standing is-bad">{w.disabled}</span>}
      <button type="button" onClick={() => void reset()}>
        {w.resetPassword}
      </button>
      <button type="button" class={member.disabled ? '' : 'danger'} onClick={() => void setDisabled(!member.disabled)}>
        {member.disabled ? w.enable : w.disable}
      </button>
    </>
  )
}

/** Sixteen signs that nobody confuses, in fours: 79 bits. */
function newPassword(): string {
  const signs = 'abcdefghijkmnpqrstuvwxyz23456789'
  const drawn = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => signs[byte % 32]).join('')
  return drawn.replace(/(.{4})(?=.)/g, '$1-')
}
