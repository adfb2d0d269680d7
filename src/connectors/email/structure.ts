/** What a mail is made of, by the server's description of it: nothing is fetched before this has said that it may be. Pure. */

/** A node as the server describes it (BODYSTRUCTURE). https://www.rfc-editor.org/rfc/rfc9051#section-7.5.2 */
export interface MimeNode {
  readonly part?: string
  readonly type: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly disposition?: string
  readonly dispositionParameters?: Readonly<Record<string, string>>
  /** Content-ID */
  readonly id?: string
  readonly encoding?: string
  /** Bytes as they travel. */
  readonly size?: number
  readonly childNodes?: readonly MimeNode[]
}

export const maxMailBytes = 25 * 1024 * 1024
export const maxParts = 200
export const maxDepth = 20

/** What is said at one place of a mail: as text, as HTML, or both ways. */
export interface Block {
  readonly plain?: MimeNode
  readonly html?: MimeNode
}

export interface Plan {
  readonly blocks: readonly Block[]
  /** What is attached or shown within, in its order. */
  readonly files: readonly MimeNode[]
  /** What a report of (non-)delivery says, and the mail or the head of the mail that it speaks of. */
  readonly report?: { readonly status: MimeNode; readonly original?: MimeNode }
}

/** Why a mail is not taken in; undefined when it is. */
export function refusalOf(root: MimeNode, bytes: number): string | undefined {
  if (bytes > maxMailBytes)
    return `mail-too-large: ${Math.ceil(bytes / 1024 / 1024)} MB, more than ${maxMailBytes / 1024 / 1024}`
  const waiting: { node: MimeNode; depth: number }[] = [{ node: root, depth: 1 }]
  let parts = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next
    if (++parts > maxParts) return `mail-too-many-parts: more than ${maxParts}`
    if (depth > maxDepth) return `mail-too-deep: parts within parts, more than ${maxDepth} times`
    for (const child of node.childNodes ?? []) waiting.push({ node: child, depth: depth + 1 })
  }
  return undefined
}

/** What of it is text, what is a file, what a report. Only for a mail that is not refused. */
export function planOf(root: MimeNode): Plan {
  const plan = { blocks: [] as Block[], files: [] as MimeNode[] }
  const report = reportIn(root)
  if (report !== undefined) return { ...plan, report }
  walk(root, plan)
  return plan
}

function walk(node: MimeNode, plan: { blocks: Block[]; files: MimeNode[] }): void {
  const children = node.childNodes ?? []
  if (node.type === 'multipart/alternative') {
    const inner = { blocks: [] as Block[], files: plan.files }
    for (const child of children) walk(child, inner)
    const plain = inner.blocks.find((block) => block.plain !== undefined)?.plain
    const html = inner.blocks.findLast((block) => block.html !== undefined)?.html
    if (plain !== undefined || html !== undefined) plan.blocks.push({ ...(plain && { plain }), ...(html && { html }) })
    return
  }
  if (node.type.startsWith('multipart/')) {
    for (const child of children) walk(child, plan)
    return
  }
  const isText = node.type === 'text/plain' || node.type === 'text/html'
  if (isText && node.disposition !== 'attachment' && nameOf(node) === undefined) {
    plan.blocks.push(node.type === 'text/html' ? { html: node } : { plain: node })
    return
  }
  if (!signatures.has(node.type)) plan.files.push(node)
}

/** They say something to mail programs, and nothing to people. */
const signatures = new Set([
  'application/pgp-signature',
  'application/pkcs7-signature',
  'application/x-pkcs7-signature',
])

function reportIn(root: MimeNode): Plan['report'] {
  if (root.type !== 'multipart/report') return undefined
  const parts = root.childNodes ?? []
  const status = parts.find(
    ({ type }) => type === 'message/delivery-status' || type === 'message/global-delivery-status',
  )
  if (status === undefined) return undefined
  const original = parts.find(({ type }) =>
    /^(?:message\/(?:rfc822|global)(?:-headers)?|text\/rfc822-headers)$/.test(type),
  )
  return { status, ...(original !== undefined && { original }) }
}

/** The name that the sender gave a file, without a path. */
export function nameOf(node: MimeNode): string | undefined {
  const given = node.dispositionParameters?.filename ?? node.parameters?.name
  const name = given?.replaceAll('\\', '/').split('/').at(-1)?.trim().slice(0, 255)
  return name === '' ? undefined : name
}

/** The name by which the HTML of the mail shows it, without brackets. https://www.rfc-editor.org/rfc/rfc2392#section-2 */
export function contentIdOf({ id }: MimeNode): string | undefined {
  const name = id?.trim().replace(/^<|>$/g, '')
  return name === undefined || name === '' || name.length > 255 ? undefined : name
}

/** The server says the name in bytes that were never encoded, and the client has read them as UTF-8. */
export function hasLostName(node: MimeNode): boolean {
  const name = nameOf(node) ?? ''
  return name.includes('\ufffd') || name.includes('\x1b$')
}
