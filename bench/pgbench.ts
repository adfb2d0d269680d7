/**
 * The baseline of ingest: pgbench storing messages with the statement that a store needs, on the hub's own tables. One
 * message is one transaction of one statement: seen before? · number in its conversation · the message · the event.
 */
import { spawn } from 'node:child_process'
import { access, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '../src/core/platform/ids.ts'
import { statement } from './server.ts'

/** Conversations that the messages go to, as many as the subject of the comparison writes to. */
export const conversationCount = 1000
/** Characters of a message's text. */
export const textLength = 300

export interface PgbenchRun {
  readonly perSecond: number
  readonly averageMs: number
  readonly cpuSeconds: number
}

const tenantId = newId('ten')
const channelId = newId('chn')

/** Tenant, channel, contacts and conversations for the statement. */
export async function prepareStore(url: string): Promise<void> {
  const names = `select i, 'ctc_' || lpad(i::text, 26, '0') as contact, 'cnv_' || lpad(i::text, 26, '0') as conversation
                   from generate_series(1, ${conversationCount}) i`
  await statement(
    url,
    `insert into tenants (id, slug, name, time_zone, locale) values ('${tenantId}', 'bench', 'Bench', 'UTC', 'en');
     insert into channels (tenant_id, id, kind, name) values ('${tenantId}', '${channelId}', 'custom', 'Bench');
     insert into contacts (tenant_id, id, name) select '${tenantId}', contact, 'c' || i from (${names}) n;
     insert into conversations (tenant_id, id, contact_id, slot, channel_id, peer)
       select '${tenantId}', conversation, contact, contact, '${channelId}', 'p' || i from (${names}) n;
     analyze`,
  )
}

/** The statement, with pgbench's variables. Public to be read: it is half of the comparison. */
export function storeScript(): string {
  const parts = JSON.stringify([{ type: 'text', text: 'x'.repeat(textLength) }])
  // As long as the event of such a message is, so that both sides write the same bytes.
  const data = JSON.stringify({ message: { parts: JSON.parse(parts), rest: 'y'.repeat(560) } })
  const statementText = `with seen as (
      insert into inbound_seen (tenant_id, channel_id, key)
      values ('${tenantId}', '${channelId}', :key::text) on conflict do nothing returning key
    ), conversation as (
      update conversations set last_number = last_number + 1, last_message_at = now(), preview = 'xxxxxxxxxxxx',
             waiting_since = coalesce(waiting_since, now()), updated_at = now(), version = version + 1
       where tenant_id = '${tenantId}' and id = 'cnv_' || lpad(:n::text, 26, '0') and exists (select from seen)
       returning id, contact_id, last_number
    ), message as (
      insert into messages (tenant_id, id, conversation_id, contact_id, number, direction, author_kind, author_id,
                            channel_id, peer, parts, external_id, status, sent_at)
      select '${tenantId}', 'msg_' || lpad(:key::text, 26, '0'), id, contact_id, last_number, 'in', 'contact', contact_id,
             '${channelId}', 'p' || :n, '${parts}', :key::text, 'received', now()
        from conversation returning conversation_id
    )
    insert into outbox (tenant_id, event_id, type, subject, data, actor_id)
    select '${tenantId}', 'evt_' || lpad(:key::text, 26, '0'), 'message.created', conversation_id, '${data}', 'bench'
      from message;`
  return [
    `\\set n random(1, ${conversationCount})`,
    '\\set key random(1, 9000000000000000000)',
    statementText.replace(/\s+/g, ' '),
    '',
  ].join('\n')
}

/** Runs the statement from that many sessions for that long. */
export async function runPgbench(
  url: string,
  script: string,
  sessions: number,
  seconds: number,
  folder: string,
): Promise<PgbenchRun> {
  const file = join(folder, 'store.sql')
  await writeFile(file, script)
  const pgbench = await findPgbench()
  const args = ['-n', '-M', 'prepared', '-c', `${sessions}`, '-j', '2', '-T', `${seconds}`, '-f', file, url]
  // `times` tells what the finished child used, which Node does not.
  const said = await output('bash', ['-c', '"$@" && times', 'pgbench', pgbench, ...args])
  return {
    perSecond: figure(said, /^tps = ([\d.]+)/m),
    averageMs: figure(said, /^latency average = ([\d.]+) ms/m),
    cpuSeconds: [...(said.trimEnd().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
      0,
    ),
  }
}

function figure(said: string, pattern: RegExp): number {
  const found = pattern.exec(said)?.[1]
  if (found === undefined) throw new Error(`pgbench said nothing of ${pattern}: ${said.slice(0, 500)}`)
  return Number(found)
}

/** On the PATH, or where Debian puts it. */
async function findPgbench(): Promise<string> {
  const folders = (process.env.PATH ?? '').split(':')
  const debian = await readdir('/usr/lib/postgresql').catch(() => [])
  folders.push(...debian.map((version) => `/usr/lib/postgresql/${version}/bin`))
  for (const folder of folders) {
    const path = join(folder, 'pgbench')
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  throw new Error('pgbench was not found. It comes with PostgreSQL (Debian: postgresql-contrib).')
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const said: string[] = []
    const complaints: string[] = []
    child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(said.join(''))
      else reject(new Error(`${command} ended with ${code}: ${complaints.join('').slice(0, 1000)}`))
    })
  })
}
