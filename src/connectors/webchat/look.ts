/**
 * How a web chat looks: the settings of it, and the style sheets that the loader and the widget are given, so that neither
 * carries a line for what most sites never set. Pure.
 */
import { type Static, Type } from 'typebox'

const Text = (title: string, maxLength: number) => Type.Optional(Type.String({ title, maxLength }))
const Words = <Names extends [string, ...string[]]>(title: string, ...names: Names) =>
  Type.Optional(Type.Enum<Names>(names, { title }))
const Pixels = (title: string) => Type.Optional(Type.Integer({ title, minimum: 0, maximum: 400 }))
const Picture = (title: string) =>
  Type.Optional(
    Type.String({
      title,
      description: 'An uploaded picture (POST /v1/files).',
      pattern: '^fil_[0-9a-z]{26}$',
      file: true,
    }),
  )

export const Look = Type.Object(
  {
    title: Text('Title of the window', 80),
    greeting: Text('First line, before anything is said', 500),
    colour: Type.Optional(Type.String({ title: 'Colour', description: 'As #0b7a75.', pattern: '^#[0-9a-fA-F]{6}$' })),
    side: Words('Side of the page where the button is', 'right', 'left'),
    sidePx: Pixels('Distance from that side in pixels'),
    bottomPx: Pixels('Distance from the bottom in pixels'),
    style: Words('Shape of the button', 'bubble', 'pill', 'tab'),
    label: Text('Words on the button', 20),
    icon: Words('Icon of the button', 'chat', 'headset', 'question', 'smile'),
    iconFile: Picture('Own icon of the button'),
    logo: Picture('Logo in the window'),
    link: Type.Optional(
      Type.String({
        title: 'Link',
        description: 'The chat as a page of its own, at /chat/<link>. One for the whole hub.',
        pattern: '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$',
      }),
    ),
  },
  { title: 'Look', additionalProperties: false },
)
export type Look = Static<typeof Look>

/** Where pictures of the look are, by the name of their setting. */
export type PictureAddress = (name: 'logo' | 'iconFile') => string

const icons = {
  chat: 'M21 12a8 8 0 0 1-11.5 7.2L3 21l1.8-6A8 8 0 1 1 21 12z',
  headset: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h2a1 1 0 0 0 1-1zM20 19c0 2-3 3-6 3',
  question: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.6.3-1 .8-1 1.7M12 17v.01',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.01M15 10v.01M8 14a5 5 0 0 0 8 0',
}

/** The launcher's style sheet, over the loader's own. Every value was checked by the schema; words are quoted. */
export function launcherSheet(look: Look, addressOf: PictureAddress): string {
  const { colour, side = 'right', style = 'bubble', label } = look
  const isTab = style === 'tab'
  const sidePx = look.sidePx ?? 20
  const bottomPx = look.bottomPx ?? 20
  const rules: string[] = []
  if (colour !== undefined) rules.push(`:host{--c:${colour}}`)
  if (side === 'left' || look.sidePx !== undefined || isTab) {
    const other = side === 'left' ? 'right' : 'left'
    rules.push(`button{${other}:auto;${side}:max(${isTab ? 0 : sidePx}px,env(safe-area-inset-${side}))}`)
    rules.push(`@media(min-width:481px){iframe{${other}:auto;${side}:${isTab ? 64 : sidePx}px}}`)
  }
  if (look.bottomPx !== undefined && !isTab) {
    rules.push(`button{bottom:max(${bottomPx}px,env(safe-area-inset-bottom))}`)
    rules.push(
      `@media(min-width:481px){iframe{bottom:${bottomPx + 68}px;height:min(620px,100dvh - ${bottomPx + 88}px)}}`,
    )
  }
  const words = label === undefined || label.trim() === '' || style === 'bubble' ? undefined : quoted(label)
  if (style === 'pill') {
    rules.push(
      'button{display:flex;align-items:center;gap:8px;width:auto;min-width:56px;border-radius:28px;padding:0 20px 0 14px}',
    )
    if (words !== undefined) rules.push(`button::after{content:${words};font:600 15px/1 system-ui,sans-serif}`)
  }
  if (!isTab) {
    rules.push(
      '@media(prefers-reduced-motion:no-preference){button{transition:transform .15s}button:hover{transform:scale(1.05)}}',
    )
  } else {
    const inner = side === 'left' ? '0 12px 12px 0' : '12px 0 0 12px'
    rules.push(
      `button{bottom:auto;top:50%;width:48px;height:auto;min-height:56px;border-radius:${inner};padding:14px 0;transform:translateY(-50%)}`,
      '@media(min-width:481px){iframe{bottom:20px;height:min(620px,100dvh - 40px)}}',
    )
    if (words !== undefined) {
      rules.push(
        `button::after{content:${words};display:block;margin:8px auto 0;writing-mode:vertical-rl;font:600 14px/1 system-ui,sans-serif;letter-spacing:2px}`,
      )
    }
  }
  if (look.iconFile !== undefined) {
    const address = quoted(addressOf('iconFile'))
    rules.push(
      'button:not(.on) svg{display:none}',
      style === 'bubble'
        ? `button:not(.on){background:var(--c) url(${address}) center/cover}`
        : `button:not(.on)::before{content:"";flex:none;display:block;width:28px;height:28px;margin:0 auto;border-radius:6px;background:url(${address}) center/cover}`,
    )
  } else if (look.icon !== undefined && look.icon !== 'chat') {
    const image = quoted(drawing(icons[look.icon]))
    rules.push(
      'button:not(.on) svg{display:none}',
      `button:not(.on)::before{content:"";flex:none;display:block;width:28px;height:28px;margin:0 auto;background:currentColor;-webkit-mask:url(${image}) center/contain;mask:url(${image}) center/contain}`,
    )
  }
  return rules.join('\n')
}

/** The window's style sheet, over the widget's own. */
export function windowSheet(look: Look, addressOf: PictureAddress): string {
  const rules: string[] = []
  if (look.colour !== undefined) rules.push(`:root{--accent:${look.colour}}`)
  if (look.logo !== undefined) {
    rules.push(
      `.who::before{content:"";float:left;width:40px;height:40px;margin-right:10px;border-radius:8px;background:#fff url(${quoted(addressOf('logo'))}) center/contain no-repeat}`,
    )
  }
  return rules.join('\n')
}

const drawing = (path: string): string =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="${path}"/></svg>`,
  )}`

/** A CSS string (CSS Syntax 3, 4.3.5): whatever is not a plain sign is escaped by its number. */
function quoted(text: string): string {
  const signs = [...text].map((sign) =>
    /[\w .,:;/?#%&=+!~*()@$-]|[^\0-\x7f]/u.test(sign) ? sign : `\\${sign.codePointAt(0)?.toString(16)} `,
  )
  return `"${signs.join('')}"`
}
