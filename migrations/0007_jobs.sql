-- Needs no older release. Durable timers: what the hub has to do at some moment, once.

create table jobs (
  tenant_id text not null references tenants,
  kind text not null,
  -- Of what it is the job: there is at most one for each kind and key.
  key text not null,
  id bigint generated always as identity,
  -- Jobs of one lane run one after another.
  lane text,
  run_at timestamptz not null,
  -- When it is looked at next: at run_at; later while it waits after a failure; while it runs, until when its claim holds.
  due_at timestamptz not null,
  data jsonb not null default '{}',
  attempts int not null default 0,
  error text,
  -- Who runs it; each claim has its own generation.
  owner text,
  generation bigint not null default 0,
  -- What was asked for while it ran, for after the run: another time, with new data or (null) with what it has; or an end.
  again_at timestamptz,
  again_data jsonb,
  cancelled_in xid8,
  created_at timestamptz not null default now(),
  primary key (tenant_id, kind, key)
) with (fillfactor = 70);
create index jobs_due on jobs (due_at);
create index jobs_kind on jobs (tenant_id, kind, due_at);
create index jobs_lane on jobs (tenant_id, lane, run_at, id) where lane is not null;
-- The wall that holds even if two runners err: one of a lane at a time.
create unique index jobs_lane_running on jobs (tenant_id, lane) where lane is not null and owner is not null;
call wall('jobs');
call door('jobs');
