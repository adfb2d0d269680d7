-- Needs no older release. Roles, tenant walls, leases and positions.

-- Roles belong to the whole cluster: another database of it may have made them already, perhaps at this moment.
do $$ begin
  create role tributary_app nologin;
exception when duplicate_object or unique_violation then null; end $$;
do $$ begin
  create role tributary_worker nologin;
exception when duplicate_object or unique_violation then null; end $$;
do $$ begin
  execute format('grant tributary_app, tributary_worker to %I', current_user);
exception when unique_violation then null; end $$;

grant usage on schema public to tributary_app, tributary_worker;

-- Who is asked for: one tenant (application role) or a list of them (worker role), set for each transaction.
create function current_tenant() returns text language sql stable parallel safe
  as $$ select nullif(current_setting('app.tenant', true), '') $$;
create function current_tenants() returns text[] language sql stable parallel safe
  as $$ select string_to_array(nullif(current_setting('app.tenants', true), ''), ',') $$;

-- The second wall round a table: rows of other tenants do not exist for the application role, nor, outside its list,
-- for the worker role. Forced, so that it holds for the owner too.
create procedure wall(t regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy of_tenant on %s to tributary_app
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()))', t);
  execute format('create policy of_tenants on %s to tributary_worker
    using (tenant_id = any ((select current_tenants())::text[])) with check (tenant_id = any ((select current_tenants())::text[]))', t);
  execute format('grant select, insert, update, delete on %s to tributary_app, tributary_worker', t);
end $$;

-- A door: the worker role may also look up, before a tenant is known, whose a channel or a credential is.
create procedure door(t regclass) language plpgsql as $$
begin
  execute format('create policy door on %s for select to tributary_worker using (true)', t);
end $$;

-- Who owns what: a log partition in a group, a routing shard, an exclusive channel, the relay. Fenced by epoch.
create table leases (
  what text primary key,
  owner text not null,
  epoch bigint not null default 0,
  until timestamptz not null
) with (fillfactor = 50);
grant select, insert, update, delete on leases to tributary_worker;

-- How far a group has handled a partition: the next offset, and the last feed position, which absorbs a repeated publication.
create table positions (
  consumer text not null,
  topic text not null,
  partition int not null,
  next bigint not null,
  last_position bigint not null default 0,
  primary key (consumer, topic, partition)
) with (fillfactor = 50);
grant select, insert, update on positions to tributary_worker;

-- Records that could not be applied, and those of the same key that wait behind them.
create table set_aside (
  id bigint generated always as identity primary key,
  consumer text not null,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  key text not null,
  tenant_id text,
  value text not null,
  headers jsonb not null default '{}',
  state text not null check (state in ('failed', 'held', 'replayed', 'discarded')),
  error text,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  unique (consumer, topic, partition, "offset")
);
create index set_aside_waiting on set_aside (consumer, topic, partition, key, id) where state in ('failed', 'held');
grant select, insert, update, delete on set_aside to tributary_worker;
