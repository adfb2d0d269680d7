/** Where the visitor writes. The text stands in the field itself, not in the state: drawing must not disturb an input method. */
import { Component, createRef } from 'preact'
import type { WidgetTexts } from '../i18n/widget.ts'
import { Icon } from './icon.tsx'
import type { Acts } from './view.tsx'

interface Props {
  texts: WidgetTexts
  acts: Acts
}

export class Composer extends Component<Props, { picking: boolean; notice: string }> {
  override state = { picking: false, notice: '' }
  readonly #field = createRef<HTMLTextAreaElement>()

  #send = (): void => {
    const field = this.#field.current
    const text = field?.value.trim()
    if (!field || !text) return
    const taken = this.props.acts.send(text)
    this.setState({ notice: taken ? '' : this.props.texts.full, picking: false })
    if (taken) field.value = ''
    this.#grow()
    field.focus()
  }

  #grow = (): void => {
    const field = this.#field.current
    if (!field) return
    field.style.height = 'auto'
    field.style.height = `${field.scrollHeight}px`
  }

  #insert(sign: string): void {
    const field = this.#field.current
    field?.setRangeText(sign, field.selectionStart, field.selectionEnd, 'end')
    field?.focus()
    this.#grow()
  }

  /** Takes files out of what was chosen, pasted or dropped; text goes where it goes without us. */
  #attach = (event: Event, list: FileList | null | undefined): void => {
    if (!list?.length) return
    event.preventDefault()
    void this.props.acts.attach([...list], (notice) => this.setState({ notice }))
  }

  override render({ texts, acts }: Props) {
    const Emojis = this.state.picking && acts.more()?.Emojis
    return (
      <footer>
        {this.state.notice && <p class="notice">{this.state.notice}</p>}
        {Emojis && <Emojis pick={(sign) => this.#insert(sign)} />}
        <form
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => this.#attach(event, event.dataTransfer?.files)}
          onPaste={(event) => this.#attach(event, event.clipboardData?.files)}
          onSubmit={(event) => {
            event.preventDefault()
            this.#send()
          }}
        >
          <button
            type="button"
            class="icon"
            aria-label={texts.emoji}
            aria-expanded={this.state.picking}
            onClick={() => this.setState({ picking: !this.state.picking })}
          >
            <Icon d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 10v.01M15 10v.01M8 14a5 5 0 0 0 8 0" />
          </button>
          <button
            type="button"
            class="icon"
            aria-label={texts.attach}
            onClick={({ currentTarget }) => (currentTarget.nextSibling as HTMLElement).click()}
          >
            <Icon d="M12 5v14M5 12h14" />
          </button>
          <input
            type="file"
            multiple
            hidden
            onChange={(event) => {
              this.#attach(event, event.currentTarget.files)
              event.currentTarget.value = ''
            }}
          />
          <textarea
            ref={this.#field}
            rows={1}
            maxLength={4000}
            placeholder={texts.placeholder}
            aria-label={texts.placeholder}
            onInput={() => {
              this.#grow()
              acts.typing()
            }}
            onKeyDown={(event) => {
              // While an input method composes, Enter chooses its candidate; some report only keyCode 229.
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
              event.preventDefault()
              this.#send()
            }}
          />
          <button type="submit" class="icon send" aria-label={texts.send}>
            <Icon d="M4 12l16-8-5 16-4-6z" />
          </button>
        </form>
      </footer>
    )
  }
}
