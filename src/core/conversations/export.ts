/** A conversation as a document (聊天记录导出): JSON for programs, plain text and HTML for people. */
import type { Conversation, Message, Part } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { inHtml } from '../platform/text.ts'
import { getConversation, listMessages } from './conversations.ts'
import { preview } from './model.ts'
import { textsOf } from './search-form.ts'
import type { Viewer } from './visibility.ts'

export type ExportFormat = 'json' | 'text' | 'html'
export type ExportLanguage = 'zh-CN' | 'zh-TW' | 'en'

export interface Export {
  readonly conversation: Conversation
  readonly messages: readonly Message[]
  readonly timeZone: string
}

const pageSize = 1000

/** All that was said in it, notes and what was taken back among it if asked for. Faults with `conversation-unknown`. */
export async function readExport(tx: TenantTx, viewer: Viewer, id: string, notes: boolean): Promise<Export> {
  const conversation = await getConversation(tx, viewer, id)
  const { timeZone } = await tx.one<{ timeZone: string }>('select time_zone from tenants where id = $1', tx.tenantId)
  const messages: Message[] = []
  for (let after = 0; ; ) {
    const page = await listMessages(tx, id, { after, limit: pageSize })
    messages.push(
      ...page.filter(({ direction, recall }) => notes || (direction !== 'note' && recall?.state !== 'done')),
    )
    if (page.length < pageSize) return { conversation, messages, timeZone }
    after = page.at(-1)?.number ?? after
  }
}

const words = {
  'zh-CN': {
    title: '会话记录',
    contact: '客户',
    opened: '开始',
    closed: '结束',
    summary: '小结',
    note: '备注',
    nobody: '系统',
  },
  'zh-TW': {
    title: '對話記錄',
    contact: '客戶',
    opened: '開始',
    closed: '結束',
    summary: '小結',
    note: '備註',
    nobody: '系統',
  },
  en: {
    title: 'Conversation',
    contact: 'Customer',
    opened: 'Began',
    closed: 'Ended',
    summary: 'Summary',
    note: 'note',
    nobody: 'System',
  },
} as const

/** The document. The summary stands in it where notes do: both are for colleagues. */
export function writeExport(found: Export, format: ExportFormat, language: ExportLanguage, notes: boolean): string {
  const { conversation, messages } = found
  if (format === 'json') return `${JSON.stringify(jsonOf(found, notes), undefined, 2)}\n`
  const say = words[language]
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium', timeZone: found.timeZone })
  const facts: [string, string][] = [
    [say.contact, conversation.contactName],
    [say.opened, time.format(new Date(conversation.openedAt))],
    ...(conversation.closedAt === null
      ? []
      : [[say.closed, time.format(new Date(conversation.closedAt))] as [string, string]]),
    ...(notes && conversation.summary !== null ? [[say.summary, conversation.summary] as [string, string]] : []),
  ]
  const lines = messages.map((message) => ({
    at: time.format(new Date(message.sentAt)),
    who:
      message.author.name ?? (message.author.kind === 'contact' ? conversation.contactName || say.contact : say.nobody),
    kind: message.direction,
    text: message.parts.map(readable).join('\n'),
  }))
  const title = `${say.title} ${conversation.id}`
  if (format === 'text') {
    const head = [title, ...facts.map(([name, value]) => `${name}: ${value}`)]
    const body = lines.map(
      ({ at, who, kind, text }) => `[${at}] ${who}${kind === 'note' ? ` (${say.note})` : ''}: ${text}`,
    )
    return `${[...head, '', ...body].join('\n')}\n`
  }
  const said = lines.map(
    ({ at, who, kind, text }) =>
      `<li class="${kind}"><p><b>${inHtml(who)}</b>${kind === 'note' ? ` (${say.note})` : ''} <time>${inHtml(at)}</time></p><div>${inHtml(text)}</div></li>`,
  )
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><title>${inHtml(title)}</title>
<style>body{font-family:sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}ol{list-style:none;padding:0}li{margin:0 0 1rem}
li p{margin:0;color:#555}li div{white-space:pre-wrap;overflow-wrap:anywhere}li.out div{color:#0b5394}li.note div{background:#fff7d6}</style></head>
<body><h1>${inHtml(title)}</h1>
<dl>${facts.map(([name, value]) => `<dt>${inHtml(name)}</dt><dd>${inHtml(value)}</dd>`).join('')}</dl>
<ol>
${said.join('\n')}
</ol></body></html>
`
}

/** Without notes it is for others than colleagues too: then nothing that is theirs alone is in it. */
function jsonOf({ conversation, messages, timeZone }: Export, notes: boolean) {
  if (notes) return { conversation, messages, timeZone }
  const { id, contactId, contactName, status, openedAt, closedAt, lastMessageAt } = conversation
  return {
    conversation: { id, contactId, contactName, status, openedAt, closedAt, lastMessageAt },
    messages: messages.map(({ id, number, direction, author, parts, sentAt }) => ({
      ...{ id, number, direction, parts, sentAt },
      author: { kind: author.kind, name: author.name },
    })),
    timeZone,
  }
}

function readable(part: Part): string {
  if (part.type === 'text') return part.text
  const text = textsOf([part]).join(' ')
  return text === '' ? preview([part]) : `[${part.type}] ${text}`
}
