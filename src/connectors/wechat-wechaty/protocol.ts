/** What a channel and the process of its puppet say to each other. */

export interface PuppetOptions {
  /** The package whose class is the puppet. */
  readonly module: string
  /** Where it is installed, with its own packages. */
  readonly directory: string
  /** What its constructor is given. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** A message as the puppet tells it, with what has to be asked for beside. */
export interface Said {
  readonly id: string
  readonly selfId: string
  readonly talkerId: string
  readonly talker: string
  /** Empty for what is between two people. */
  readonly roomId: string
  readonly room: string
  /** By wechaty's list: 0 unknown, 1 attachment, 2 audio, 3 contact, 5 emoticon, 6 image, 7 text, 8 location, 9 mini program, 13 recalled, 14 link, 15 video. */
  readonly type: number
  readonly text: string
  readonly filename: string
  /** In seconds, or in milliseconds. */
  readonly timestamp: number
  readonly detail: Readonly<Record<string, unknown>>
}

/** What the account itself has said, here or elsewhere. */
export interface Own {
  readonly id: string
  readonly peer: string
  readonly type: number
  readonly text: string
}

export type ToChild =
  | { readonly kind: 'start'; readonly options: PuppetOptions }
  | { readonly kind: 'text'; readonly id: number; readonly to: string; readonly text: string }
  | {
      readonly kind: 'file'
      readonly id: number
      readonly to: string
      readonly name: string
      readonly bytes: Uint8Array
    }
  | {
      readonly kind: 'link'
      readonly id: number
      readonly to: string
      readonly link: { url: string; title: string; description?: string }
    }
  | { readonly kind: 'fetch'; readonly id: number; readonly messageId: string }
  | { readonly kind: 'recall'; readonly id: number; readonly messageId: string }
  | { readonly kind: 'stop'; readonly id: number }

export type FromChild =
  | { readonly kind: 'started' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'scan'; readonly qrcode: string }
  | { readonly kind: 'login'; readonly name: string }
  | { readonly kind: 'logout' }
  | { readonly kind: 'message'; readonly message: Said }
  | { readonly kind: 'own'; readonly message: Own }
  | { readonly kind: 'missed'; readonly messageId: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'done'; readonly id: number; readonly value?: string | Uint8Array }
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string; readonly code?: number }
