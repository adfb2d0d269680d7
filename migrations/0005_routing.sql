-- Needs no older release. What the routing shards decide, and the walls that hold even if an engine errs.

-- What people ask of routing; the shard writes the outcome in its decision's transaction.
create table commands (
  tenant_id text not null references tenants,
  id text not null,
  kind text not null,
  data jsonb not null,
  actor_id text not null,
  outcome jsonb,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  primary key (tenant_id, id)
);
call wall('commands');

-- The engine's items: one for each time a conversation was queued, its id the conversation's and the version it was queued
-- at. `record` is the engine's own account, from which it is rebuilt; `json` keeps it exactly as it was written.
create table work_items (
  tenant_id text not null,
  id text not null,
  conversation_id text not null,
  group_id text not null,
  state text not null,
  agent_id text,
  record json not null,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id)
);
create index work_items_open on work_items (tenant_id) where state not in ('done', 'abandoned', 'rejected', 'expired');
create index work_items_conversation on work_items (tenant_id, conversation_id);
call wall('work_items');

create table agent_states (
  tenant_id text not null,
  agent_id text not null,
  presence text not null default 'offline',
  reason text,
  used int not null default 0,
  -- What use may reach. After a limit was lowered it follows the use down, so that this wall stands for who was above it too.
  hard_max int not null,
  record json not null,
  -- The configuration that the engine holds, which may lag behind members and skill_groups by an event. Never null after
  -- the first write; writes that do not change it leave it out.
  config json,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, agent_id),
  foreign key (tenant_id, agent_id) references members (tenant_id, id),
  check (used between 0 and hard_max)
);
call wall('agent_states');

-- The engine's own counters of a tenant (sequences, clock, round-robin turns), and the groups as it holds them.
create table routing_states (
  tenant_id text primary key references tenants,
  record json not null,
  groups json
);
call wall('routing_states');

create table assignments (
  tenant_id text not null,
  id bigint generated always as identity,
  item_id text not null,
  conversation_id text not null,
  agent_id text not null,
  weight int not null,
  why jsonb not null default '{}',
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, item_id) references work_items (tenant_id, id)
);
create index assignments_conversation on assignments (tenant_id, conversation_id);
-- The last wall against a conversation given to two people.
create unique index assignments_open on assignments (tenant_id, item_id) where ended_at is null;
call wall('assignments');

create table offers (
  tenant_id text not null,
  id text not null,
  -- The engine's own name of it.
  engine_id text not null,
  item_id text not null,
  conversation_id text not null,
  agent_id text not null,
  group_id text not null,
  state text not null check (state in ('open', 'accepted', 'declined', 'expired', 'rescinded')),
  reason text,
  why jsonb not null default '{}',
  expires_at timestamptz not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id)
);
create index offers_agent on offers (tenant_id, agent_id) where state = 'open';
create unique index offers_engine on offers (tenant_id, engine_id);
create index offers_item on offers (tenant_id, item_id);
call wall('offers');
