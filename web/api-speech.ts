/** What pages ask of the hub about speech. */
import type { SpeechSettings } from '../src/core/events/speech-shapes.ts'
import type { Api } from './api.ts'
import type { FileShown } from './api-files.ts'
import { type Check, ifMatch } from './api-settings.ts'

export type { SpeechSettings } from '../src/core/events/speech-shapes.ts'

export type SpeechDraft = Omit<SpeechSettings, 'isAvailable' | 'failing' | 'version'>

export const getSpeech = (api: Api) => api<SpeechSettings>('GET', 'speech')
export const putSpeech = (api: Api, draft: SpeechDraft, version: number) =>
  api<SpeechSettings>('PUT', 'speech', { body: draft, headers: ifMatch(version) })
export const testSpeech = (api: Api) => api<{ checks: Check[] }>('POST', 'speech/test')
/** A sound that says the text. */
export const speakPrompt = (api: Api, text: string) => api<FileShown>('POST', 'speech/prompts', { body: { text } })
