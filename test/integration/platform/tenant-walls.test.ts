/** The walls between tenants: what they do, and that no table stands outside them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, ownerSession, sqlState, type Tx } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

const refused = '42501'

let ground: Ground
let db: Database
let ours: Shop
let theirs: Shop
beforeAll(async () => {
  ground = await openGround()
  db = ground.db
  ours = await makeShop(db)
  theirs = await makeShop(db)
})
afterAll(() => ground?.close())

const asOwner = <T>(sql: string) => ownerSession(ground.url, (run) => run<T>(sql))

const groupsIn = async (tx: Tx) => (await tx.query<{ id: string }>('select id from skill_groups')).map(({ id }) => id)

const addGroup = (tx: Tx, tenantId: string) =>
  tx.run('insert into skill_groups (tenant_id, id, name) values ($1, $2, $2)', tenantId, newId('grp'))

const stateOf = (work: Promise<unknown>) => work.then(() => 'done', sqlState)

test('the application role sees and changes rows of its tenant alone', async () => {
  await db.transaction(ours.actor, async (tx) => {
    expect(await groupsIn(tx)).toEqual([ours.groupId])
    expect(await tx.run('update skill_groups set max_waiting = 9')).toBe(1)
    expect(await tx.run('delete from skill_groups where id = $1', theirs.groupId)).toBe(0)
    expect(await tx.query('select id from tenants')).toEqual([{ id: ours.tenantId }])
  })
  expect(await asOwner(`select id from skill_groups where max_waiting = 9`)).toEqual([{ id: ours.groupId }])
})

test('the worker role sees and changes rows of the tenants on its list, and none without one', async () => {
  const of = (...tenants: string[]) => db.work('test', tenants, groupsIn)
  expect(await of(ours.tenantId)).toEqual([ours.groupId])
  expect((await of(ours.tenantId, theirs.tenantId)).sort()).toEqual([ours.groupId, theirs.groupId].sort())
  expect(await of()).toEqual([])
  expect(await db.ground('select id from skill_groups')).toEqual([])
  const change = (tx: Tx) => tx.run(`update skill_groups set name = name || '.'`)
  expect(await db.work('test', [theirs.tenantId], change)).toBe(1)
  expect(await db.work('test', [], change)).toBe(0)
})

test('a row for another tenant is refused, new or moved there', async () => {
  const move = (tx: Tx) => tx.run('update skill_groups set tenant_id = $1', theirs.tenantId)
  expect(await stateOf(db.transaction(ours.actor, (tx) => addGroup(tx, theirs.tenantId)))).toBe(refused)
  expect(await stateOf(db.transaction(ours.actor, move))).toBe(refused)
  expect(await stateOf(db.work('test', [ours.tenantId], (tx) => addGroup(tx, theirs.tenantId)))).toBe(refused)
  expect(await stateOf(db.work('test', [ours.tenantId], move))).toBe(refused)
  expect(await stateOf(db.work('test', [], (tx) => addGroup(tx, ours.tenantId)))).toBe(refused)
})

test('through a door the worker role looks, and touches nothing', async () => {
  await db.work('test', [], async (tx) => {
    const seen = await tx.query<{ id: string }>('select id from channels')
    expect(seen.map(({ id }) => id).sort()).toEqual([ours.channelId, theirs.channelId].sort())
    expect(await tx.run(`update channels set name = 'touched'`)).toBe(0)
    expect(await tx.run('delete from channels')).toBe(0)
  })
})

test('the tenant of a transaction ends with it, whichever session the next one gets', async () => {
  await Promise.all(Array.from({ length: 30 }, () => db.transaction(ours.actor, groupsIn)))
  await Promise.all(Array.from({ length: 30 }, () => db.work('test', [ours.tenantId], groupsIn)))
  const seen = await Promise.all(Array.from({ length: 30 }, () => db.transaction(theirs.actor, groupsIn)))
  expect(new Set(seen.flat())).toEqual(new Set([theirs.groupId]))
  expect(await Promise.all(Array.from({ length: 30 }, () => db.ground('select id from skill_groups')))).toEqual(
    Array.from({ length: 30 }, () => []),
  )
})

test('a transaction is refused for what is no id of a tenant', () => {
  const forged = `${ours.tenantId}', true); select set_config('app.tenant', '${theirs.tenantId}`
  for (const tenantId of ['', '*', ours.groupId, forged, `${ours.tenantId},${theirs.tenantId}`]) {
    expect(() => db.transaction({ id: 'test', tenantId }, groupsIn)).toThrow(TypeError)
    expect(() => db.work('test', [tenantId], groupsIn)).toThrow(TypeError)
  }
})

test('every table with a tenant has its wall, forced upon its owner too', async () => {
  const bare = await asOwner<{ name: string }>(
    `select c.oid::regclass::text as name
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and not (c.relrowsecurity and c.relforcerowsecurity) order by 1`,
  )
  // Records of the log, of no tenant or any: whose they may be shown to is said in each query (set-aside.ts).
  expect(bare).toEqual([{ name: 'set_aside' }])
})

test('the application role reaches nothing but walled tables, and a partition of a table is reached by nobody', async () => {
  const reached = await asOwner<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relrowsecurity
        and has_table_privilege('tributary_app', c.oid, 'select, insert, update, delete, truncate') order by 1`,
  )
  // One row: how far the hub has published.
  expect(reached).toEqual([{ name: 'feed' }])
  const partitions = await asOwner<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c, unnest(array['tributary_app', 'tributary_worker']) role
      where c.relispartition and c.relkind = 'r'
        and has_table_privilege(role, c.oid, 'select, insert, update, delete, truncate')`,
  )
  expect(partitions).toEqual([])
})

test('policies that only narrow what the wall lets through are few, and known', async () => {
  const narrowing = await asOwner(
    `select tablename, policyname from pg_policies where permissive = 'RESTRICTIVE' order by 1`,
  )
  expect(narrowing).toEqual([{ tablename: 'message_texts', policyname: 'searched' }])
})

test('no policy of the application role is wider than its tenant, and no function runs as its owner', async () => {
  const wide = await asOwner(
    `select tablename, policyname from pg_policies
      where permissive = 'PERMISSIVE' and not ('tributary_worker' = any(roles) and cardinality(roles) = 1)
        and (coalesce(qual, '(tenant_id = ( SELECT current_tenant() AS current_tenant))')
               not in ('(tenant_id = ( SELECT current_tenant() AS current_tenant))', '(id = ( SELECT current_tenant() AS current_tenant))')
          or coalesce(with_check, '(tenant_id = ( SELECT current_tenant() AS current_tenant))')
               <> '(tenant_id = ( SELECT current_tenant() AS current_tenant))')`,
  )
  expect(wide).toEqual([])
  expect(
    await asOwner(`select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`),
  ).toEqual([])
})

test('the tables that the worker role sees whole are few, and known', async () => {
  const whole = await asOwner<{ name: string; cmd: string }>(
    `select tablename || ' ' || lower(string_agg(distinct cmd, ' ' order by cmd)) as name from pg_policies
      where 'tributary_worker' = any(roles) and (qual = 'true' or with_check = 'true') group by tablename order by 1`,
  )
  expect(whole.map(({ name }) => name)).toEqual([
    'api_keys select',
    'channels select',
    'deliveries select',
    'events all',
    'jobs select',
    'members select',
    'outbox delete select update',
    'search_backfill select',
    'sessions select',
    'skill_group_members select',
    'tenant_feeds all',
    'tenants all',
    'verification_files select',
    'visitor_tokens select',
    'webhook_deliveries select',
    'webhook_endpoints select',
  ])
})

test('neither role may change the shape of anything, or become another', async () => {
  for (const run of [
    (sql: string) => db.work('test', [], (tx) => tx.run(sql)),
    (sql: string) => db.transaction(ours.actor, (tx) => tx.run(sql)),
  ]) {
    expect(await stateOf(run('alter table skill_groups disable row level security'))).toBe(refused)
    expect(await stateOf(run('create table drawer (x int)'))).toBe(refused)
    expect(await stateOf(run('drop policy of_tenant on skill_groups'))).toBe(refused)
  }
  const roles = await asOwner(
    `select rolname from pg_roles where rolname in ('tributary_app', 'tributary_worker')
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin)`,
  )
  expect(roles).toEqual([])
  expect(
    await asOwner(
      `select 1 from pg_auth_members where member in ('tributary_app'::regrole, 'tributary_worker'::regrole)`,
    ),
  ).toEqual([])
})

test('a row of one tenant cannot point to a row of another', async () => {
  const loose = await asOwner<{ name: string }>(
    `select k.conrelid::regclass || ': ' || pg_get_constraintdef(k.oid) as name
       from pg_constraint k
       join pg_attribute a on a.attrelid = k.conrelid and a.attname = 'tenant_id'
      where k.contype = 'f' and k.conparentid = 0
        and not exists (
          select from generate_subscripts(k.conkey, 1) i
            join pg_attribute f on f.attrelid = k.conrelid and f.attnum = k.conkey[i]
            join pg_attribute t on t.attrelid = k.confrelid and t.attnum = k.confkey[i]
           where f.attname = 'tenant_id' and (t.attname = 'tenant_id' or (k.confrelid = 'tenants'::regclass and t.attname = 'id')))`,
  )
  expect(loose).toEqual([])
  const pointing = db.work('test', [ours.tenantId, theirs.tenantId], (tx) =>
    tx.run('update channels set group_id = $2 where id = $1', ours.channelId, theirs.groupId),
  )
  expect(await stateOf(pointing)).toBe('23503')
})

test('the keys of walled tables begin with the tenant, but for what is drawn at random or is the hub’s own', async () => {
  const others = await asOwner<{ name: string }>(
    `select c.oid::regclass || ': ' || pg_get_constraintdef(k.oid) as name
       from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
       join pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'u')
      where c.relrowsecurity and k.conkey[1] <> a.attnum order by 1`,
  )
  expect(others.map(({ name }) => name)).toEqual([
    'api_keys: UNIQUE (lookup)',
    'channels: UNIQUE (id)',
    'outbox: PRIMARY KEY (id)',
    'sessions: UNIQUE (token_hash)',
    'visitor_tokens: PRIMARY KEY (token_hash)',
  ])
})
