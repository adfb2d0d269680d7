-- Needs no older release. Who is connected: a row for each member and process in which they have streams.
create table agent_links (
  tenant_id text not null,
  member_id text not null,
  process text not null,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, member_id, process),
  foreign key (tenant_id, member_id) references members (tenant_id, id)
);
create index agent_links_seen on agent_links (seen_at);
call wall('agent_links');
