/** What is written down when a conversation ends, as requests carry it. */
import { Type } from 'typebox'
import { CategoryKey } from '../core/events/conversation-shapes.ts'
import { Nullable } from '../core/events/shapes.ts'

export const Ending = {
  summary: Nullable(Type.String({ minLength: 1, maxLength: 5000, pattern: '\\S' })),
  category: Nullable(CategoryKey),
}
