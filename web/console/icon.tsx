/** Line drawings of 24 × 24 units; the words stand beside them or on the button that holds one. */
const paths = {
  mine: 'M4 5h16v11H9l-5 4V5z',
  waiting: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  all: 'M4 6h16M4 12h16M4 18h16',
  closed: 'M5 12l5 5L20 7',
  sound: 'M4 9h4l5-4v14l-5-4H4zM17 9a5 5 0 0 1 0 6',
  mute: 'M4 9h4l5-4v14l-5-4H4zM17 9l4 6M21 9l-4 6',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.6.3-1 .8-1 1.7M12 17v.01',
  leave: 'M14 4H5v16h9M10 12h10M17 8l4 4-4 4',
  back: 'M15 5l-7 7 7 7',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4 3.5-6 8-6s8 2 8 6',
  emoji: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.01M15 10v.01M8 14a5 5 0 0 0 8 0',
  attach: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 5 5l-8.5 8.5a1.7 1.7 0 0 1-2.5-2.5l7.5-7.5',
  edit: 'M4 20h4L19 9l-4-4L4 16v4z',
  ticket: 'M4 8V5h16v3a4 4 0 0 0 0 8v3H4v-3a4 4 0 0 0 0-8zM13 8v8',
  at: 'M16 8v5a2.5 2.5 0 0 0 5 0v-1a9 9 0 1 0-4 7.5M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  phone: 'M6 3h4l2 5-3 2a12 12 0 0 0 5 5l2-3 5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z',
  star: 'M12 4l2.5 5.2 5.7.8-4.1 4 1 5.6-5.1-2.7-5.1 2.7 1-5.6-4.1-4 5.7-.8z',
  gauge: 'M4 18a9 9 0 1 1 16 0M12 14l4-5M12 14v.01',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5',
  more: 'M5 12v.01M12 12v.01M19 12v.01',
  block: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM6 6l12 12',
  plus: 'M12 5v14M5 12h14',
  settings:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1',
  cross: 'M6 6l12 12M18 6L6 18',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

/** The first character of a name, on a colour that stays with the one who bears it. */
export function Avatar({ name, of, online }: { name: string; of: string; online?: boolean | undefined }) {
  let hue = 0
  for (const sign of of) hue = (hue * 31 + (sign.codePointAt(0) ?? 0)) % 6
  return (
    <span class={`avatar hue${hue}${online ? ' is-online' : ''}`} aria-hidden="true">
      {[...name.trim()][0] ?? '?'}
    </span>
  )
}
