/** What callers are told: the business's own sounds where it has uploaded some, else those that the hub ships. */
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hub } from '../contract.ts'
import { makeSound, SoundRefused } from './sounds.ts'
import { type Language, placePieces } from './spoken.ts'

const shipped = join(import.meta.dirname, '../../../config/prompts')

/** What a business may say in its own voice. */
export const promptNames = [
  'welcome',
  'notice',
  'music',
  'busy',
  'closed',
  'message-before',
  'message-after',
  'survey',
  'survey-after',
  'menu-invalid',
  'transfer',
  'goodbye',
] as const
export type PromptName = (typeof promptNames)[number]

/** Shipped alone: the same in every language, or said to agents. */
export type ShippedName = PromptName | 'beep' | 'press-one' | 'callback' | 'callback-after'

const everywhere: readonly string[] = ['beep', 'music']

export interface PromptOptions {
  readonly language: Language
  /** Files by what they are said for, by their ids. */
  readonly own: Readonly<Partial<Record<string, string>>>
  /** Where fitted sounds are kept. */
  readonly folder: string
  readonly hub: Pick<Hub, 'file' | 'log'>
}

export class Prompts {
  readonly #options: PromptOptions
  readonly #made = new Map<string, string>()

  private constructor(options: PromptOptions) {
    this.#options = options
  }

  /** Brings what the business uploaded into shape. What cannot be is told in `refused`, and the shipped sound takes its place. */
  static async open(options: PromptOptions): Promise<{ prompts: Prompts; refused: string[] }> {
    const prompts = new Prompts(options)
    const refused: string[] = []
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    for (const [name, fileId] of Object.entries(options.own)) {
      if (fileId === undefined) continue
      try {
        prompts.#made.set(name, await prompts.soundOf(fileId))
      } catch (error) {
        options.hub.log.warn({ err: error, prompt: name }, 'a prompt cannot be played, the shipped one is instead')
        refused.push(`${name}: ${error instanceof SoundRefused ? error.message : 'The file is not there.'}`)
      }
    }
    return { prompts, refused }
  }

  /** The path of an uploaded sound, fit to be played. Made once for each content. Rejects with SoundRefused or Undelivered. */
  async soundOf(fileId: string): Promise<string> {
    const file = await this.#options.hub.file({ fileId })
    const path = join(this.#options.folder, `${file.sha256}.wav`)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (!isThere) await makeSound(await file.read(), path)
    return path
  }

  /** What is to be played. */
  of(name: ShippedName): string[] {
    return [this.#made.get(name) ?? this.#piece(name)]
  }

  place(position: number, waitMs: number | null): string[] {
    return placePieces(position, waitMs, this.#options.language).map((piece) => this.#piece(piece))
  }

  #piece(name: string): string {
    return everywhere.includes(name)
      ? join(shipped, `${name}.wav`)
      : join(shipped, this.#options.language, `${name}.wav`)
  }
}
