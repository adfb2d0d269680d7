/**
 * `npm run admin -- demo-phones`: a telephone channel with two phones, to try calls from softphones without a trunk. Works on the database alone, so it may
 * be used while the hub runs.
 */
import { addAuditEntry } from './api/audit/entries.ts'
import { type Registry, telephoneKind } from './connectors/registry.ts'
import { createPhone, removePhone } from './core/calls/phones.ts'
import { createChannel } from './core/conversations/channels.ts'
import type { Database, TenantTx } from './core/platform/database.ts'
import { Fault } from './core/platform/errors.ts'
import type { Vault } from './core/platform/secrets.ts'
import { byOperator, tenantOf } from './setup.ts'

/** What is dialled to get into the queue. */
const queue = '9000'
/** The phone of the agent with this number (工号), and one for the customer. */
const [agentsExtension, customersExtension] = ['8001', '8002']
const port = 5060

/**
 * Makes the channel, unless one that answers 9000 is there, and both phones, with new passwords each time; answers what to enter in the softphones.
 * Faults: `tenant-unknown`, `tenant-unclear`, `extension-taken` where such a phone is somebody else's, `member-unknown` where no agent has the number 8001, `group-unknown` where they are in no group.
 */
export async function demoPhones(db: Database, vault: Vault, registry: Registry, slug?: string): Promise<string> {
  const tenantId = await tenantOf(db, slug)
  return db.transaction({ id: 'operator', tenantId }, async (tx) => {
    const agent = await agentOf(tx)
    const channel = (await channelOf(tx)) ?? {
      ...(await createChannel(tx, vault, registry.formOf(telephoneKind), {
        name: '演示电话',
        settings: { port, numbers: [queue] },
        groupId: agent.groupId,
      })),
      port,
    }
    const former = await tx.query<{ id: string }>(
      `select id from phones where tenant_id = $1 and channel_id = $2
          and ((extension = $3 and member_id = $4) or (extension = $5 and member_id is null))`,
      tenantId,
      channel.id,
      agentsExtension,
      agent.id,
      customersExtension,
    )
    for (const { id } of former) await removePhone(tx, id)
    const made = async (extension: string, memberId: string | null) => {
      const { phone, password } = await createPhone(tx, vault, { channelId: channel.id, extension, memberId })
      await addAuditEntry(tx, byOperator('phone.create', phone.id))
      return `  ${extension}  ${password}`
    }
    return [
      `Two softphones at 127.0.0.1:${channel.port} (UDP or TCP), user name = extension; passwords are shown once:`,
      `${await made(agentsExtension, agent.id)}  ${agent.name}`,
      `${await made(customersExtension, null)}  the customer, who dials ${queue}`,
    ].join('\n')
  })
}

/** The agent with the first phone's number, and the group whose calls they take. */
async function agentOf(tx: TenantTx): Promise<{ id: string; name: string; groupId: string }> {
  const agent = await tx.maybe<{ id: string; name: string; groupId: string | null }>(
    `select m.id, m.name, (select g.group_id from skill_group_members g
        where g.tenant_id = m.tenant_id and g.member_id = m.id order by g.tier, g.group_id limit 1) as group_id
       from members m where m.tenant_id = $1 and m.number = $2 and m.disabled_at is null`,
    tx.tenantId,
    agentsExtension,
  )
  if (agent === undefined) {
    throw new Fault('not-found', 'member-unknown', `There is no member with the number ${agentsExtension}.`)
  }
  const { groupId } = agent
  if (groupId === null) throw new Fault('not-found', 'group-unknown', `${agent.name} is in no skill group.`)
  return { ...agent, groupId }
}

/** The oldest telephone channel that takes calls for the queue. */
async function channelOf(tx: TenantTx): Promise<{ id: string; port: number } | undefined> {
  return tx.maybe(
    `select id, coalesce((settings ->> 'port')::int, $3) as port from channels
      where tenant_id = $1 and kind = $4 and removed_at is null and settings -> 'numbers' ? $2 order by created_at limit 1`,
    tx.tenantId,
    queue,
    port,
    telephoneKind,
  )
}
