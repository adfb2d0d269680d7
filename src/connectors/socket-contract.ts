/** The part of the contract (contract.ts) for platforms whose connection is a WebSocket, whoever opens it. */
import type { Connector, HookReply, HookRequest, Hub } from './contract.ts'

/** One WebSocket with frames of text, open when it is handed over. */
export interface PlatformSocket {
  /**
   * What comes, in its order, to be read once. What is not read yet is kept, and where that is much the other side has to wait. Ends when the
   * socket has closed, whatever the reason.
   */
  readonly frames: AsyncIterable<string>
  /** False when the socket is closed already: then certainly nothing has left us. */
  send(frame: string): boolean
  /** Closes it, also later for good when the other side does not answer. The reason is at most 120 bytes. */
  close(code?: number, reason?: string): void
}

/** For platforms that dial us, at `Hub.hookUrl`. */
export interface Accepting<Config> {
  /** Whether an account with these settings is dialled. `open` serves all others. */
  applies(config: Config): boolean
  /** Asked on any node before there is a socket, with no effect: the 4xx answer to one who is not the platform, else undefined. */
  refuse(request: HookRequest, config: Config): HookReply | undefined
  /**
   * As `open`, over that socket, on the node that holds the account. When the platform dials again, the older connector is closed and this is
   * asked anew; until it dials for the first time, the channel is connecting.
   */
  open(socket: PlatformSocket, request: HookRequest, config: Config, hub: Hub): Promise<Connector>
}
