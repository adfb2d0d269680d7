/** A real rtpengine that belongs to one test, which may kill it. Debian's, in user space. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { eventually } from './eventually.ts'
import { rtpengineAt } from './services.ts'
import { freeUdpPort, ownUdpSlice } from './udp-ports.ts'

/** Where it is, if tests are to go through a real one; undefined where not. */
export const rtpenginePath: string | undefined =
  rtpengineAt !== undefined && existsSync('/usr/bin/rtpengine') ? '/usr/bin/rtpengine' : undefined

export interface OwnRtpengine {
  readonly at: string
  kill(): void
  start(): Promise<void>
}

export async function openOwnRtpengine(): Promise<OwnRtpengine> {
  const port = await freeUdpPort()
  const [least, most] = await ownUdpSlice()
  let child: ChildProcess | undefined
  const own: OwnRtpengine = {
    at: `127.0.0.1:${port}`,
    kill: () => child?.kill('SIGKILL'),
    async start() {
      const ports = [`--port-min=${least}`, `--port-max=${most}`]
      const settings = ['--config-file=none', '--table=-1', '--interface=127.0.0.1', `--listen-ng=127.0.0.1:${port}`]
      const manner = [
        '--delete-delay=0',
        '--endpoint-learning=heuristic',
        '--foreground',
        '--log-stderr',
        '--log-level=3',
      ]
      child = spawn(rtpenginePath ?? '', [...settings, ...ports, ...manner], { stdio: 'ignore' })
      const bound = new RegExp(`:${port.toString(16).padStart(4, '0')} `, 'i')
      await eventually(() => bound.test(readFileSync('/proc/net/udp', 'utf8')) || undefined)
    },
  }
  await own.start()
  return own
}
