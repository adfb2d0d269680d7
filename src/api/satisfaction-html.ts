/** The page on which customers score how they were served: plain HTML with a form, no script. */
import { createHash } from 'node:crypto'
import type { Satisfaction } from '../core/events/satisfaction-shapes.ts'
import { inHtml } from '../core/platform/text.ts'
import type { Language } from './languages.ts'
import { satisfactionWords } from './satisfaction-words.ts'

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
body { margin: 0 auto; padding: 24px 16px; max-width: 480px; }
h1 { font-size: 20px; }
fieldset { border: 0; margin: 0 0 20px; padding: 0; }
legend { padding: 0; margin-bottom: 8px; }
.scores { display: flex; flex-wrap: wrap; gap: 8px; }
.scores label, .tags label { display: inline-flex; align-items: center; gap: 6px; min-height: 44px; padding: 0 12px; border: 1px solid #767676; border-radius: 8px; }
.tags { display: flex; flex-wrap: wrap; gap: 8px; }
.ends { display: flex; justify-content: space-between; margin: 4px 0 0; font-size: 14px; }
textarea { box-sizing: border-box; width: 100%; min-height: 96px; padding: 8px; font: inherit; }
button { min-height: 44px; width: 100%; border: 0; border-radius: 8px; background: #0b57d0; color: #fff; font: inherit; }
.wrong { color: #b3261e; }
@media (prefers-color-scheme: dark) { .wrong { color: #f2b8b5; } button { background: #1a73e8; } }
`

/** Only this style, and a form that goes back to where the page came from. */
export const satisfactionPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

/** The form; `wrong` is shown above it. */
export function satisfactionForm(
  business: string,
  asked: Pick<Satisfaction, 'scale' | 'offeredTags'>,
  language: Language,
  wrong?: string,
): string {
  const words = satisfactionWords[language]
  const scores = Array.from({ length: asked.scale }, (_, index) => index + 1)
    .map((score) => `<label><input type="radio" name="score" value="${score}" required> ${score}</label>`)
    .join('')
  const tags = asked.offeredTags
    .map((tag) => `<label><input type="checkbox" name="tag" value="${inHtml(tag)}"> ${inHtml(tag)}</label>`)
    .join('')
  return page(
    language,
    business,
    `${wrong === undefined ? '' : `<p class="wrong" role="alert">${inHtml(wrong)}</p>`}
<form method="post">
<fieldset><legend>${words.question}</legend><div class="scores">${scores}</div>
<p class="ends"><span>1: ${words.worst}</span><span>${asked.scale}: ${words.best}</span></p></fieldset>
${tags === '' ? '' : `<fieldset><legend>${words.tags}</legend><div class="tags">${tags}</div></fieldset>`}
<p><label for="comment">${words.comment}</label><textarea id="comment" name="comment" maxlength="2000"></textarea></p>
<button type="submit">${words.send}</button>
</form>`,
  )
}

/** A page that only says something. */
export function satisfactionNotice(business: string, language: Language, notice: string): string {
  return page(language, business, `<p role="status">${inHtml(notice)}</p>`)
}

function page(language: Language, business: string, content: string): string {
  const { title } = satisfactionWords[language]
  const heading = business === '' ? title : `${inHtml(business)} · ${title}`
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${heading}</title><style>${style}</style></head>
<body><main><h1>${heading}</h1>
${content}
</main></body></html>`
}
