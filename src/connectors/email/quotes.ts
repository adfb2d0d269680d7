/**
 * Where the quoted mail begins in the text of an answer, so that it can be folded away: by the lines with which mail programs in English,
 * Chinese, Japanese, French and German introduce what they quote. Nothing is cut: the text stays whole. Pure.
 */

/** `On Tue, 2 Jan 2024 at 10:00, Li wrote:` and its sisters. They may be broken over three lines. */
const introductions: readonly RegExp[] = [
  /^(?:on|at)\b.{4,300}\bwrote\s?[:：]$/i,
  // Gmail, Apple Mail, NetEase: 于2024年1月2日周二 10:00写道：/ 在 2024-01-02 10:00:00，"Li" <…> 写道：
  /^.{0,200}[于於在]\s?.{4,200}(?:写道|寫道)\s?[:：]$/,
  /^\d{4}年.{4,200}(?:写道|寫道)\s?[:：]$/,
  // 2024年1月2日(火) 10:00 山田 <…>: / 2024/01/02 10:00、山田のメール:
  /^\d{4}[年/-]\s?\d{1,2}[月/-]\s?\d{1,2}日?.{2,200}(?:のメール|さんは書きました|が書きました|wrote)\s?[:：]$/i,
  /^\d{4}年\d{1,2}月\d{1,2}日\s?[（(].[)）].{2,200}<[^<>\s]+@[^<>\s]+>\s?[:：]$/,
  /^.{1,200}さん(?:は|が)書きました\s?[:：]$/,
  /^le\s.{6,300}\ba\s[ée]crit\s?[:：]$/i,
  /^am\s.{4,300}\bschrieb\b.{0,200}[:：]$/i,
]

/** `-----Original Message-----`, in the languages of Outlook, Foxmail, QQ and NetEase. */
const rules: readonly RegExp[] = [
  /^[-_—=‐]{3,}\s*(?:original message|original|replied message|forwarded message|original appointment)\s*[-_—=‐]{3,}$/i,
  /^[-_—=]{3,}\s*(?:原始邮件|邮件原件|原邮件|回复的原邮件|转发邮件信息|原始郵件|元のメッセージ|元のメール|転送メッセージ)\s*[-_—=]{3,}$/,
  /^[-_—=]{3,}\s*(?:message d['’]origine|message transféré|ursprüngliche nachricht|originalnachricht|weitergeleitete nachricht)\s*[-_—=]{3,}$/i,
  /^(?:begin forwarded message|发自我的.{2,20}的原始邮件)\s?[:：]$/i,
]

/** What stands by itself above the head of a quoted mail: a line that is drawn, or a title. */
const above = /^(?:[-_—=]{10,}|原始邮件|原始郵件|original)$/i

/** The head of a quoted mail as Outlook and many lay it out: three of these lines together, one of whom it came from, the first that or when. */
const sender = /^\*?(?:from|发件人|寄件者|寄件人|差出人|送信者|de|von)\*?\s?[:：]/i
const sent =
  /^\*?(?:sent|date|发送时间|发件时间|发送日期|日期|时间|傳送時間|寄件日期|送信日時|日時|日付|envoyé|gesendet|datum)\*?\s?[:：]/i
const others = /^\*?(?:to|cc|subject|收件人|抄送|主\s?题|收件者|副本|主旨|宛先|件名|à|objet|an|betreff)\*?\s?[:：]/i

/** UTF-16 units before the quoted text; undefined where nothing is quoted, or the answer stands within or below what it answers. */
export function quotedFrom(text: string): number | undefined {
  const lines = linesOf(text)
  for (const [index, line] of lines.entries()) {
    const kind = beginning(lines, index)
    if (kind === undefined) continue
    if (text.slice(0, line.from).trim() === '') return undefined
    if (kind === 'marked' && !isMarkedToTheEnd(lines, index)) continue
    return line.from
  }
  return undefined
}

interface Line {
  readonly text: string
  readonly from: number
}

function linesOf(text: string): Line[] {
  let from = 0
  return text.split('\n').map((line) => {
    const found = { text: line.replaceAll('\u00a0', ' ').trim(), from }
    from += line.length + 1
    return found
  })
}

/** `marked`: what follows is marked line by line, and an answer may stand between. */
function beginning(lines: readonly Line[], index: number): 'marked' | 'rest' | undefined {
  const { text = '' } = lines[index] ?? {}
  if (text === '') return undefined
  if (text.startsWith('>')) return 'marked'
  if (text.length > 400) return undefined
  if (rules.some((rule) => rule.test(text))) return 'rest'
  if (isHead(lines, index)) return 'rest'
  for (let count = 1; count <= 3; count++) {
    const joined = lines.slice(index, index + count).map((line) => line.text)
    if (joined.some((line) => line === '' || line.startsWith('>'))) break
    if (!introductions.some((form) => form.test(joined.join(' ')))) continue
    const next = lines.slice(index + count).find((line) => line.text !== '')
    return next?.text.startsWith('>') ? 'marked' : 'rest'
  }
  return undefined
}

function isHead(lines: readonly Line[], index: number): boolean {
  const { text = '' } = lines[index] ?? {}
  if (above.test(text)) {
    const next = [1, 2, 3].map((step) => index + step).find((at) => (lines[at]?.text ?? '') !== '')
    return next !== undefined && !above.test(lines[next]?.text ?? '') && isHead(lines, next)
  }
  if (!sender.test(text) && !sent.test(text)) return false
  const head = lines.slice(index, index + 8).map((line) => line.text)
  const isTold = head.some((line) => sender.test(line))
  return isTold && head.filter((line) => [sender, sent, others].some((form) => form.test(line))).length >= 3
}

/** Nothing but marked lines, from the first of them on. */
function isMarkedToTheEnd(lines: readonly Line[], index: number): boolean {
  const first = lines.findIndex((line, at) => at >= index && line.text.startsWith('>'))
  return lines.slice(first).every(({ text }) => text === '' || text.startsWith('>'))
}
