/** How launcher and window would look, drawn from what is not saved yet. */
import { lookWords } from '../../i18n/settings-look.ts'
import { words } from './words.ts'

export interface Look {
  title?: string
  greeting?: string
  colour?: string
  side?: 'right' | 'left'
  sidePx?: number
  bottomPx?: number
  style?: 'bubble' | 'pill' | 'tab'
  label?: string
  icon?: 'chat' | 'headset' | 'question' | 'smile'
  iconFile?: string
  logo?: string
  link?: string
}

const icons = {
  chat: 'M21 12a8 8 0 0 1-11.5 7.2L3 21l1.8-6A8 8 0 1 1 21 12z',
  headset: 'M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h2a1 1 0 0 0 1-1zM20 19c0 2-3 3-6 3',
  question: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.6.3-1 .8-1 1.7M12 17v.01',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.01M15 10v.01M8 14a5 5 0 0 0 8 0',
}

export function LookPreview({
  look,
  pictureOf,
}: {
  look: Look
  pictureOf: (name: 'logo' | 'iconFile') => string | undefined
}) {
  const w = words(lookWords)
  const { side = 'right', style = 'bubble' } = look
  const colour = /^#[0-9a-f]{6}$/i.test(look.colour ?? '') ? look.colour : '#0b6bcb'
  const logo = pictureOf('logo')
  const iconFile = pictureOf('iconFile')
  const distance = (given: number | null | undefined) => `${Math.min(given ?? 20, 200) * 0.6}px`
  const place = style === 'tab' ? { [side]: '0' } : { [side]: distance(look.sidePx), bottom: distance(look.bottomPx) }
  return (
    <aside class="preview" aria-label={w.preview}>
      <h4>{w.preview}</h4>
      <div class="preview-site" style={{ '--look': colour }}>
        <div class={`preview-window is-${side}`}>
          <p class="preview-head">
            {logo && <img src={logo} alt="" width={28} height={28} />}
            <strong>{look.title || '在线客服'}</strong>
          </p>
          <p class="preview-said">{look.greeting || '您好，请问有什么可以帮您？'}</p>
          <p class="preview-said is-in">{w.previewMessage}</p>
        </div>
        <span class={`preview-launcher is-${style} is-${side}`} style={place}>
          {iconFile ? (
            <img src={iconFile} alt="" />
          ) : (
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={icons[look.icon ?? 'chat']} />
            </svg>
          )}
          {style !== 'bubble' && look.label && <span>{look.label}</span>}
        </span>
      </div>
      <p class="hint">{w.saveFirst}</p>
    </aside>
  )
}
