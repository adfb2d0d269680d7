-- Needs no older release. How long customers wait, what they were told beforehand, and what the estimate goes by.

-- One row for each conversation that had to wait: what was estimated when it came, and when somebody took it.
create table waits (
  tenant_id text not null references tenants,
  item_id text not null,
  group_id text not null,
  queued_at timestamptz not null,
  ahead int not null,
  -- Null where nothing could be said.
  estimate_ms bigint,
  low_ms bigint,
  high_ms bigint,
  taken_at timestamptz,
  primary key (tenant_id, item_id)
);
create index waits_taken on waits (tenant_id, group_id, taken_at desc) where taken_at is not null;
create index waits_queued on waits (queued_at);
call wall('waits');

alter table assignments add column group_id text;
create index assignments_group on assignments (tenant_id, group_id, ended_at desc nulls first);
