/** An agent's stream: logged in as a member, over a WebSocket. */
import { WebSocket } from 'ws'

export interface AgentStream {
  close(): Promise<void>
}

/** Resolves when the stream is ready; then hears the text of every message that the agent is shown. */
export async function openAgentStream(
  url: string,
  login: string,
  password: string,
  hear: (text: string) => void,
): Promise<AgentStream> {
  const response = await fetch(`${url}/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password }),
  })
  if (!response.ok) throw new Error(`Logging in answered ${response.status}: ${await response.text()}`)
  const { token } = (await response.json()) as { token: string }
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/stream`, 'tributary.v1', {
    headers: { authorization: `Bearer ${token}`, origin: url },
    perMessageDeflate: false,
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.on('message', (frame: Buffer) => {
      const said = JSON.parse(frame.toString()) as {
        type: string
        data?: { message?: { parts: { text?: string }[] } }
      }
      if (said.type === 'stream.ready') resolve()
      const text = said.type === 'message.created' ? said.data?.message?.parts[0]?.text : undefined
      if (text !== undefined) hear(text)
    })
  })
  return {
    close: () =>
      new Promise((resolve) => {
        socket.once('close', () => resolve())
        socket.close()
      }),
  }
}
