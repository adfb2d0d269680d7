-- Needs no older release. The embedded log, the outbox and the feed.

create table bus_topics (
  topic text primary key,
  partitions int not null,
  retention_hours int not null
);
-- The counter row of a partition is locked from append to commit, so offsets are dense and become visible in order.
create table bus_partitions (
  topic text not null references bus_topics,
  partition int not null,
  next_offset bigint not null default 0,
  earliest_offset bigint not null default 0,
  primary key (topic, partition)
) with (fillfactor = 30);
create table bus_records (
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  at timestamptz not null,
  key text not null,
  value bytea not null,
  headers jsonb not null default '{}',
  primary key (topic, partition, "offset")
);
grant select, insert, update, delete on bus_topics, bus_partitions, bus_records to tributary_worker;

-- What was emitted in a transaction and waits for the relay.
create table outbox (
  id bigint generated always as identity primary key,
  tenant_id text not null,
  event_id text not null,
  type text not null,
  subject text not null,
  data jsonb not null,
  actor_id text not null,
  causation_id text,
  at timestamptz not null default clock_timestamp()
);
create index outbox_of_tenant on outbox (tenant_id, id);
alter table outbox enable row level security;
alter table outbox force row level security;
create policy emit_app on outbox for insert to tributary_app with check (tenant_id = (select current_tenant()));
create policy emit_worker on outbox for insert to tributary_worker with check (tenant_id = any ((select current_tenants())::text[]));
create policy relay_reads on outbox for select to tributary_worker using (true);
create policy relay_takes on outbox for delete to tributary_worker using (true);
create policy relay_locks on outbox for update to tributary_worker using (true);
grant insert on outbox to tributary_app;
grant select, insert, update, delete on outbox to tributary_worker;

-- The feed: every event, in the one order that everybody sees. Internal events have a position but no seq.
create table events (
  position bigint not null,
  seq bigint,
  tenant_id text not null,
  event_id text not null,
  type text not null,
  subject text not null,
  data jsonb not null,
  actor_id text not null,
  causation_id text,
  at timestamptz not null,
  taken_at timestamptz not null
) partition by range (taken_at);
create index events_position on events (position);
create index events_of_tenant on events (tenant_id, seq);
create table events_default partition of events default;
alter table events enable row level security;
alter table events force row level security;
create policy of_tenant on events for select to tributary_app using (tenant_id = (select current_tenant()));
create policy of_relay on events to tributary_worker using (true) with check (true);
grant select on events to tributary_app;
grant select, insert, update, delete on events to tributary_worker;

-- One row: the last position given, the last one published, and the epoch, which changes when a restored database
-- would otherwise give positions a second time.
create table feed (
  only_row boolean primary key default true check (only_row),
  epoch text not null,
  position bigint not null default 0,
  published bigint not null default 0
) with (fillfactor = 30);
insert into feed (epoch) values (substr(md5(random()::text || clock_timestamp()::text), 1, 8));
grant select, update on feed to tributary_worker;
grant select on feed to tributary_app;

create table tenant_feeds (
  tenant_id text primary key,
  seq bigint not null default 0
) with (fillfactor = 30);
alter table tenant_feeds enable row level security;
alter table tenant_feeds force row level security;
create policy of_tenant on tenant_feeds for select to tributary_app using (tenant_id = (select current_tenant()));
create policy of_relay on tenant_feeds to tributary_worker using (true) with check (true);
grant select on tenant_feeds to tributary_app;
grant select, insert, update on tenant_feeds to tributary_worker;
