-- Needs no older release. What each tenant's engine was told, so that a day can be replayed and tried with another configuration.

-- One row for each transaction that told the engine anything, in the order in which they were committed.
create table routing_journal (
  tenant_id text not null references tenants,
  id bigint generated always as identity,
  at timestamptz not null,
  events json not null,
  -- Of what the engine decided then: a replay comes to the same.
  digest text not null,
  primary key (tenant_id, id)
);
create index routing_journal_at on routing_journal (at);
call wall('routing_journal');

-- The state before the first row of each day, from which a replay begins.
create table routing_snapshots (
  tenant_id text not null references tenants,
  journal_id bigint not null,
  at timestamptz not null,
  records json not null,
  primary key (tenant_id, journal_id)
);
create index routing_snapshots_at on routing_snapshots (at);
call wall('routing_snapshots');

alter table routing_states add column snapshot_day date;
