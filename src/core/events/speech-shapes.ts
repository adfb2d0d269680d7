/** The speech service of a business as the API shows it. */
import { type Static, Type } from 'typebox'
import { Nullable, Time } from './schema-words.ts'

export const SpeechSettings = Type.Object({
  url: Type.String({ description: "Where the service is, without the path of what is asked; empty: the hub's own." }),
  key: Type.String({ description: '`****` where one is set; it is never shown.' }),
  speechModel: Type.String(),
  voice: Type.String(),
  transcriptionModel: Type.String(),
  language: Type.String({ description: 'ISO 639-1, such as `zh`; empty: the service finds out.' }),
  transcribeCalls: Type.Boolean({ description: 'Recordings of calls are written down.' }),
  transcribeMessages: Type.Boolean({ description: "Customers' voice messages are written down." }),
  isAvailable: Type.Boolean({ description: 'There is a service to ask.' }),
  failing: Nullable(Type.Object({ since: Time, detail: Type.String() }), {
    description: 'Why nothing is written down at the moment; null when the last time went well.',
  }),
  version: Type.Integer({ minimum: 0, description: '0: nothing was said yet.' }),
})
export type SpeechSettings = Static<typeof SpeechSettings>
