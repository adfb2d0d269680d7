/** What is known of a mail before anything of it was read. Pure. */
import type { FetchMessageObject, MessageStructureObject } from 'imapflow'
import type { MailRefused } from './refusals.ts'
import type { MimeNode } from './structure.ts'

/** A mail as the server describes it, before anything of it was read. */
export interface Sight {
  readonly uid: number
  readonly bytes: number
  readonly receivedAt: Date
  readonly isAnswered: boolean
  /** Undefined where the description cannot be read, as where a hundred parts lie within each other. */
  readonly structure: MimeNode | undefined
  /** The server does not hand it out now; then the rest may be unknown, and `receivedAt` be now. */
  readonly refused?: MailRefused
}

/** What the client asks of a mail that need not be opened for it. */
export const briefly = { uid: true, size: true, internalDate: true, flags: true }

type Answer = Pick<FetchMessageObject, 'uid'> & Partial<FetchMessageObject>

export function sightOf({ uid, size, internalDate, flags, bodyStructure }: Answer, refused?: MailRefused): Sight {
  return {
    uid,
    bytes: size ?? 0,
    receivedAt: new Date(internalDate ?? Date.now()),
    isAnswered: flags?.has('\\Answered') === true,
    structure: bodyStructure && nodeOf(bodyStructure),
    ...(refused && { refused }),
  }
}

function nodeOf(node: MessageStructureObject): MimeNode {
  return {
    type: node.type.toLowerCase(),
    ...(node.part !== undefined && { part: node.part }),
    ...(node.parameters && { parameters: node.parameters }),
    ...(node.disposition && { disposition: node.disposition.toLowerCase() }),
    ...(node.dispositionParameters && { dispositionParameters: node.dispositionParameters }),
    ...(node.id && { id: node.id }),
    ...(node.encoding && { encoding: node.encoding.toLowerCase() }),
    ...(node.size !== undefined && { size: node.size }),
    ...(node.childNodes && { childNodes: node.childNodes.map(nodeOf) }),
  }
}
