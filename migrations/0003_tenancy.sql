-- Needs no older release. Tenants, members, credentials, skill groups.

create table tenants (
  id text primary key,
  slug text not null unique,
  name text not null,
  time_zone text not null,
  locale text not null,
  settings jsonb not null default '{}',
  -- The tenant's data key, wrapped by the hub's master key.
  sealed_key text,
  version int not null default 1,
  created_at timestamptz not null default now()
);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy of_tenant on tenants to tributary_app using (id = (select current_tenant()));
create policy of_tenants on tenants to tributary_worker using (true) with check (true);
grant select, update on tenants to tributary_app;
grant select, insert, update on tenants to tributary_worker;

create table members (
  tenant_id text not null references tenants,
  id text not null,
  name text not null,
  email text not null,
  -- 工号, which customers see and say.
  number text,
  role text not null check (role in ('admin', 'supervisor', 'agent')),
  locale text,
  password_hash text,
  -- Units of work at once; a chat weighs 1.
  capacity int not null default 5 check (capacity between 0 and 100),
  disabled_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index members_email on members (tenant_id, lower(email));
create unique index members_number on members (tenant_id, number);
call wall('members');
call door('members');

create table sessions (
  tenant_id text not null,
  id text not null,
  member_id text not null,
  token_hash bytea not null unique,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, member_id) references members
);
call wall('sessions');
call door('sessions');

create table api_keys (
  tenant_id text not null references tenants,
  id text not null,
  name text not null,
  -- The public half, by which the key is found.
  lookup text not null unique,
  secret_hash bytea not null,
  scopes text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, id)
);
call wall('api_keys');
call door('api_keys');

-- Failed attempts to log in, for the lock-out; the key is a hash of account or address.
create table login_failures (
  key text not null,
  at timestamptz not null default now()
);
create index login_failures_key on login_failures (key, at);
grant select, insert, delete on login_failures to tributary_worker;

create table skill_groups (
  tenant_id text not null references tenants,
  id text not null,
  name text not null,
  strategy text not null default 'longest-idle',
  accept_mode text not null default 'auto' check (accept_mode in ('auto', 'manual')),
  offer_seconds int not null default 30 check (offer_seconds between 5 and 3600),
  wrap_up_seconds int not null default 0 check (wrap_up_seconds between 0 and 3600),
  max_waiting int check (max_waiting >= 0),
  version int not null default 1,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  primary key (tenant_id, id)
);
create unique index skill_groups_name on skill_groups (tenant_id, name) where removed_at is null;
call wall('skill_groups');

create table skill_group_members (
  tenant_id text not null,
  group_id text not null,
  member_id text not null,
  tier int not null default 1 check (tier between 1 and 9),
  level int not null default 1 check (level between 1 and 5),
  primary key (tenant_id, group_id, member_id),
  foreign key (tenant_id, group_id) references skill_groups,
  foreign key (tenant_id, member_id) references members
);
create index skill_group_members_member on skill_group_members (tenant_id, member_id);
call wall('skill_group_members');

-- Answers kept for repeated requests, scoped to the credential that made them.
create table idempotency_keys (
  tenant_id text not null,
  credential text not null,
  key text not null,
  fingerprint text not null,
  status int,
  headers jsonb,
  body text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant_id, credential, key)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);
call wall('idempotency_keys');
