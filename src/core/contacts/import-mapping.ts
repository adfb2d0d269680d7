/** What the columns of a table of people are, and what one of its rows says of a person. Pure. */
import type { CountryCode } from 'libphonenumber-js'
import type { ContactField } from '../events/contact-shapes.ts'
import type { Identity } from '../events/shapes.ts'
import { meantBy } from '../platform/csv.ts'
import { storableText } from '../platform/text.ts'
import { normalAddress } from './addresses.ts'
import { maxAttributes } from './contacts.ts'
import { formOf } from './fields.ts'
import type { NewIdentity } from './identities.ts'

/** Where a column goes: a fact, an address, a key of the business's own system, an attribute; null: it is left out. */
export type Target = string | null
export const targetPattern =
  '^(name|province|city|company|phone|email|tags|note|ext:[A-Za-z0-9][A-Za-z0-9._-]{0,63}|attribute:[^\\u0000-\\u001f\\u007f]{1,64})$'

/** What people call such columns, without spaces and in lower case; the first is what exports call them in Chinese. */
const names: Readonly<Record<string, readonly string[]>> = {
  name: ['姓名', '名称', '客户姓名', '客户名称', '联系人', '昵称', 'fullname', 'customer', '客戶姓名', '聯絡人'],
  province: ['省份', '省', '所在省', '所在省份', 'state'],
  city: ['城市', '市', '所在城市'],
  company: ['公司', '公司名称', '单位', '企业', 'organization', 'organisation', '公司名稱', '單位'],
  phone: [
    '电话',
    '手机',
    '手机号',
    '手机号码',
    '联系电话',
    '电话号码',
    'mobile',
    'tel',
    'telephone',
    'phonenumber',
    '電話',
    '手機',
    '手機號碼',
  ],
  email: ['邮箱', '电子邮件', '电子邮箱', '邮件', 'e-mail', 'mail', '郵箱', '電子郵件', '信箱'],
  tags: ['标签', '客户标签', 'tag', 'labels', '標籤'],
  note: ['备注', '说明', 'notes', 'remark', 'comment', '備註'],
}

/** A column's name as exports write it. */
export function titleOf(target: string, chinese: boolean): string {
  return (chinese && names[target]?.[0]) || target
}

/** What the columns may well be, by their names; null where nothing comes to mind. No fact is named twice. */
export function suggestMapping(columns: readonly string[], fields: readonly ContactField[]): Target[] {
  const taken = new Set<string>()
  return columns.map((column) => {
    const target = targetOf(column, fields)
    if (target === null || (taken.has(target) && !several.test(target))) return null
    taken.add(target)
    return target
  })
}

/** Columns of which a person may have several. */
const several = /^(phone|email|tags|note|ext:)/

function targetOf(column: string, fields: readonly ContactField[]): Target {
  const plain = column.normalize('NFKC').replace(/[\s_]/g, '').toLowerCase()
  for (const [target, words] of Object.entries(names)) {
    if (plain === target || words.includes(plain)) return target
  }
  const field = fields.find(({ key, label }) => column.trim() === label || column.trim() === key)
  if (field !== undefined) return `attribute:${field.key}`
  return new RegExp(targetPattern, 'u').test(column.trim()) ? column.trim() : null
}

export interface RowError {
  readonly code: string
  readonly detail: string
  /** Which column is wrong, from 0; null when it is the row. */
  readonly column: number | null
}

/** What a row says of somebody. */
export interface Candidate {
  readonly name?: string
  readonly province?: string
  readonly city?: string
  readonly company?: string
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly notes: readonly string[]
  /** As they were written, and in their normal form. */
  readonly identities: readonly { readonly given: NewIdentity; readonly normal: Identity }[]
}

export interface Reading {
  readonly mapping: readonly Target[]
  readonly fields: ReadonlyMap<string, ContactField>
  readonly region: CountryCode
}

const maxIdentitiesOfRow = 20
const maxTagsOfRow = 50

/** What the cells say, or why they cannot stand. */
export function candidateOf(cells: readonly string[], reading: Reading): Candidate | RowError {
  const facts: Record<string, string> = {}
  const attributes: Record<string, string> = {}
  const tags = new Set<string>()
  const notes: string[] = []
  const identities = new Map<string, Candidate['identities'][number]>()
  for (const [column, target] of reading.mapping.entries()) {
    const text = storableText(meantBy(cells[column] ?? '')).trim()
    if (target === null || text === '') continue
    const wrong = (code: string, detail: string): RowError => ({ code, detail, column })
    if (target === 'phone' || target === 'email' || target.startsWith('ext:')) {
      const [kind = '', scope = ''] = target.split(/:(.*)/s)
      for (const address of kind === 'ext' ? [text] : text.split(/[;；,，、\n]/)) {
        if (address.trim() === '') continue
        const normal = normalAddress(kind, address.trim(), reading.region)
        if (normal === undefined) return wrong('identity-malformed', `${address.trim().slice(0, 60)} is no ${kind}`)
        if (normal.address.length > 255) return wrong('cell-too-long', 'is longer than 255 characters')
        const given = { kind, scope, address: address.trim(), verified: kind === 'ext' }
        identities.set(JSON.stringify([kind, scope, normal.address]), {
          given,
          normal: { kind, scope, verified: given.verified, ...normal },
        })
      }
    } else if (target === 'tags') {
      for (const word of text.split(/[;；,，、|\n]/)) {
        const tag = word.normalize('NFC').replace(/\s+/g, ' ').trim()
        if (tag.length > 64) return wrong('cell-too-long', 'has a tag that is longer than 64 characters')
        if (tag !== '') tags.add(tag)
      }
    } else if (target === 'note') {
      if (text.length > 10_000) return wrong('cell-too-long', 'is longer than 10000 characters')
      notes.push(text)
    } else if (target.startsWith('attribute:')) {
      if (text.length > 2000) return wrong('cell-too-long', 'is longer than 2000 characters')
      const key = target.slice('attribute:'.length)
      const field = reading.fields.get(key)
      const form = field === undefined ? text : formOf(field, text)
      if (form === undefined) return wrong('attribute-invalid', `${text.slice(0, 60)} is no ${field?.type}`)
      attributes[key] = form
    } else {
      if (text.length > 255) return wrong('cell-too-long', 'is longer than 255 characters')
      facts[target] = text
    }
  }
  const whole = (code: string, detail: string): RowError => ({ code, detail, column: null })
  if (facts.name === undefined && identities.size === 0)
    return whole('row-nameless', 'has neither a name nor an address')
  if (identities.size > maxIdentitiesOfRow)
    return whole('identities-too-many', `has more than ${maxIdentitiesOfRow} addresses`)
  if (tags.size > maxTagsOfRow) return whole('tags-too-many', `has more than ${maxTagsOfRow} tags`)
  if (Object.keys(attributes).length > maxAttributes)
    return whole('attributes-too-many', `has more than ${maxAttributes}`)
  return { ...facts, attributes, tags: [...tags], notes, identities: [...identities.values()] }
}
