-- Needs no older release. What a channel tells of a message before the message itself has come.

-- Edits, recalls and reactions whose message is not there yet; gone when it is, or after a week.
create table early_changes (
  tenant_id text not null,
  channel_id text not null,
  external_id text not null,
  id bigint generated always as identity,
  peer text not null,
  change jsonb not null,
  at timestamptz not null default now(),
  primary key (tenant_id, channel_id, external_id, id)
);
call wall('early_changes');

-- When each person last changed what they show on it: one that comes late must not undo a newer one.
alter table messages add reacted_at jsonb not null default '{}';
