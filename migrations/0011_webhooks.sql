-- Needs no older release. Webhook endpoints: each a cursor on its tenant's feed, with rows only for what is being retried.

create table webhook_endpoints (
  tenant_id text not null references tenants,
  id text not null,
  url text not null,
  description text not null default '',
  -- Types of events, `message.created` or `message.*`; null: every one.
  events text[],
  -- Whether events of one conversation, contact, ticket… wait for those before them.
  ordered boolean not null default false,
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  -- Why it is not active: `asked`, `failing`, `gone`.
  state_reason text,
  -- [{"sealed": …, "until": null}], the newest first; each signs until its time is over.
  secrets jsonb not null,
  -- Everything up to here was delivered, is a row below, or is not asked for.
  cursor_seq bigint not null,
  cursor_epoch text not null,
  -- Since when nothing but failures came back; null after a success.
  failing_since timestamptz,
  -- Which of the senders' leases it goes with.
  shard int not null,
  version int not null default 1,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  primary key (tenant_id, id)
);
create index webhook_endpoints_shard on webhook_endpoints (shard) where state = 'active' and removed_at is null;
call wall('webhook_endpoints');
call door('webhook_endpoints');

-- Events that an endpoint has not taken yet, and those that it never took.
create table webhook_deliveries (
  tenant_id text not null,
  endpoint_id text not null,
  event_id text not null,
  seq bigint not null,
  -- What keeps order among ordered ones.
  lane text not null,
  state text not null default 'pending' check (state in ('pending', 'exhausted')),
  attempts int not null default 0,
  due_at timestamptz not null,
  event_at timestamptz not null,
  primary key (tenant_id, endpoint_id, event_id),
  foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id)
);
create index webhook_deliveries_due on webhook_deliveries (tenant_id, endpoint_id, due_at) where state = 'pending';
create index webhook_deliveries_lane on webhook_deliveries (tenant_id, endpoint_id, lane, seq) where state = 'pending';
call wall('webhook_deliveries');
call door('webhook_deliveries');

create table webhook_attempts (
  tenant_id text not null,
  id text not null,
  endpoint_id text not null,
  event_id text not null,
  type text not null,
  -- 1, 2, 3… of this event at this endpoint.
  number int not null,
  at timestamptz not null,
  duration_ms int not null,
  succeeded boolean not null,
  -- The answer's status; null when none came.
  status int,
  response text,
  error text,
  primary key (tenant_id, id),
  foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id)
);
create index webhook_attempts_endpoint on webhook_attempts (tenant_id, endpoint_id, id desc);
create index webhook_attempts_event on webhook_attempts (tenant_id, event_id);
create index webhook_attempts_age on webhook_attempts using brin (at);
call wall('webhook_attempts');
