/** Good requests to what shows how a web chat looks: public, so whose channel it is makes no difference. */
import type { Case } from './bad-input-cases.ts'

const none = '0'.repeat(26)

export const lookCases: Readonly<Record<string, Case>> = {
  'GET /v1/visitor/looks/{id}/{sheet}': { as: 'nobody', words: { id: `chn_${none}`, sheet: 'window.css' } },
  'GET /v1/visitor/looks/{id}/pictures/{picture}/{file}': {
    as: 'nobody',
    words: { id: `chn_${none}`, picture: 'logo', file: `fil_${none}` },
  },
}
