-- Needs no older release. Entry rules (智能分流, 区域分流): which skill group a conversation comes into, decided once when it begins to wait.

-- One row for each tenant that has rules or has chosen a precedence. Its lock orders all changes of the rules; its version tells
-- routing shards, which keep compiled rules in memory, that they must read them again.
create table entry_settings (
  tenant_id text primary key references tenants,
  precedence text[] not null default '{designated,rules,last-agent,channel}',
  version int not null default 1
);
call wall('entry_settings');

create table entry_rules (
  tenant_id text not null references tenants,
  id text not null,
  -- Dense from 1: rules are tried in this order.
  position int not null,
  name text not null,
  enabled boolean not null,
  conditions jsonb not null,
  target jsonb not null,
  otherwise jsonb not null,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, position) deferrable initially deferred
);
call wall('entry_rules');

-- Why the item came into its group: written once, when it was made.
alter table work_items add column entry jsonb;
