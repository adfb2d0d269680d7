/** What visitors say, in the channel's words, and what sending to one means. Pure. */
import type { Inbound, Outbound, Part } from '../../core/conversations/model.ts'
import type { Receipt } from '../contract.ts'

export interface VisitorSaid {
  readonly channelId: string
  /** `vis_…`: one browser. Answers go to it, and it is the sender unless the business vouches for somebody. */
  readonly visitorId: string
  /** The business's own id of the person, from its signed word. */
  readonly subject: string | null
  /** The browser's id of the message: sent again after a lost answer, it is one message. At most 120 characters. */
  readonly clientId: string
  readonly parts: readonly Part[]
  readonly atMs: number
  readonly name?: string
  readonly claims?: Readonly<Record<string, string>>
}

/** A visitor's message as an inbound event; the same again gives the same key. */
export function fromVisitor(said: VisitorSaid): Inbound {
  const who =
    said.subject === null
      ? { kind: 'visitor', scope: said.channelId, address: said.visitorId }
      : { kind: 'customer', scope: said.channelId, address: said.subject, verified: true }
  return {
    kind: 'message',
    key: `${said.visitorId}:${said.clientId}`,
    peer: said.visitorId,
    at: new Date(said.atMs).toISOString(),
    clientId: said.clientId,
    from: {
      ...who,
      ...(said.name !== undefined && { name: said.name }),
      ...(said.claims !== undefined && { claims: said.claims }),
    },
    parts: said.parts,
  }
}

/** Visitors read from the store, so a message that is stored has been accepted. Delivered and read are their own marks. */
export function accepted(message: Outbound): Receipt {
  return { externalId: message.id }
}
