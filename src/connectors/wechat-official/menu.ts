/**
 * The menu (自定义菜单) below an account's chats, as its channel says it: the buttons of
 * https://developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu, in that page's own fields.
 */
import { type TOptional, type TProperties, type TUnsafe, Type } from 'typebox'
import { words } from '../contract.ts'

/** What a button does, and which fields say more of it. */
const needed: Readonly<Record<string, readonly string[]>> = {
  click: ['key'],
  view: ['url'],
  scancode_push: ['key'],
  scancode_waitmsg: ['key'],
  pic_sysphoto: ['key'],
  pic_photo_or_album: ['key'],
  pic_weixin: ['key'],
  location_select: ['key'],
  media_id: ['media_id'],
  view_limited: ['media_id'],
  article_id: ['article_id'],
  article_view_limited: ['article_id'],
  miniprogram: ['url', 'appid', 'pagepath'],
}

export interface MenuButton {
  readonly name: string
  readonly type?: string
  readonly sub_button?: readonly MenuButton[]
}
export type Menu = readonly MenuButton[]

const plain = { minLength: 1, maxLength: 256 }
const fields: TProperties = {
  key: Type.String({ minLength: 1, maxBytes: 128 }),
  url: Type.String({ pattern: '^https?://\\S+$', maxBytes: 1024 }),
  media_id: Type.String(plain),
  article_id: Type.String(plain),
  appid: Type.String({ pattern: '^wx[A-Za-z0-9]{8,32}$' }),
  pagepath: Type.String({ minLength: 1, maxBytes: 1024 }),
}

/** A button that does something, and has the fields that its type needs and no other. */
const acting = (bytes: number) =>
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxBytes: bytes }),
      type: Type.Enum(Object.keys(needed)),
      ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, Type.Optional(field)])),
    },
    {
      additionalProperties: false,
      allOf: Object.entries(needed).map(([type, required]) => ({
        if: { properties: { type: { const: type } }, required: ['type'] },
        // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema.
        then: {
          required,
          properties: Object.fromEntries(
            Object.keys(fields)
              .filter((name) => !required.includes(name))
              .map((name) => [name, false]),
          ),
        },
      })),
    },
  )

const opening = Type.Object(
  {
    name: Type.String({ minLength: 1, maxBytes: 16 }),
    sub_button: Type.Array(acting(60), { minItems: 1, maxItems: 5 }),
  },
  { additionalProperties: false },
)

/** Conditions, and not a choice of two: so a refusal names the one field that is wrong. */
const button = {
  type: 'object',
  if: { required: ['sub_button'] },
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema.
  then: opening,
  else: acting(16),
}

/** The setting. Left out: the account's menu is left as it is. */
export const menuSetting: TOptional<TUnsafe<Menu>> = Type.Optional(
  Type.Unsafe<Menu>({
    type: 'array',
    items: button,
    maxItems: 3,
    title: 'Menu',
    description:
      'JSON: up to three buttons with name and type (click with key, view with url, …), or name and up to five in sub_button. Empty: the menu of the account is left as it is; []: it is deleted.',
    words: words('自定义菜单', '自訂選單', {
      cn: 'JSON：最多 3 个按钮，含 name 与 type（click 配 key，view 配 url 等），或 name 与 sub_button（最多 5 个）。留空：不改动账号现有菜单；[]：删除菜单。',
      tw: 'JSON：最多 3 個按鈕，含 name 與 type（click 配 key，view 配 url 等），或 name 與 sub_button（最多 5 個）。留空：不變更帳號現有選單；[]：刪除選單。',
    }),
  }),
)
