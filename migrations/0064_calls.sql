-- Needs no older release. Telephone calls: what happened to each, the phones of the business, and what agents ask of a call.

create table phones (
  tenant_id text not null,
  id text not null,
  channel_id text not null,
  -- What it is called by on its channel.
  extension text not null,
  -- Who is rung by it.
  member_id text,
  -- What a digest answer is checked with (RFC 2617, HA1), sealed: it is as good as the password.
  sealed_digest text not null,
  -- Where it has registered itself, and until when.
  contact text,
  received text,
  registered_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, channel_id, extension),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id),
  foreign key (tenant_id, member_id) references members (tenant_id, id)
);
create index phones_member on phones (tenant_id, member_id) where member_id is not null;
call wall('phones');

create table calls (
  tenant_id text not null,
  id text not null,
  channel_id text not null,
  conversation_id text not null,
  direction text not null check (direction in ('in', 'out')),
  -- The other side's number as it was given, and in E.164 where it is one.
  number text not null,
  address text,
  -- What was dialled.
  dialled text not null,
  state text not null check (state in ('received', 'screening', 'queued', 'offered', 'talking', 'held', 'ended')),
  -- What the state machine knows: legs, times, reason of the end. Follows from call_events.
  record jsonb not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id) on delete cascade
);
create index calls_conversation on calls (tenant_id, conversation_id);
create index calls_started on calls (tenant_id, started_at desc, id desc);
create index calls_live on calls (tenant_id, channel_id) where ended_at is null;
call wall('calls');

-- What the state machine was told, in order: folded, they are the record.
create table call_events (
  tenant_id text not null,
  call_id text not null,
  number int not null,
  event jsonb not null,
  primary key (tenant_id, call_id, number),
  foreign key (tenant_id, call_id) references calls (tenant_id, id) on delete cascade
);
call wall('call_events');

create table call_recordings (
  tenant_id text not null,
  call_id text not null,
  file_id text not null,
  -- Which talk of the call it is, from 1.
  segment int not null,
  duration_ms int not null,
  primary key (tenant_id, call_id, segment),
  foreign key (tenant_id, call_id) references calls (tenant_id, id) on delete cascade,
  foreign key (tenant_id, file_id) references files (tenant_id, id) on delete cascade
);
create index call_recordings_file on call_recordings (tenant_id, file_id);
call wall('call_recordings');

-- What people ask of a call, for the process that has it. The outcome comes once.
create table call_acts (
  tenant_id text not null,
  id text not null,
  call_id text not null,
  act text not null check (act in ('hang-up', 'hold', 'resume')),
  actor_id text not null,
  outcome text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  foreign key (tenant_id, call_id) references calls (tenant_id, id) on delete cascade
);
create index call_acts_open on call_acts (tenant_id, call_id) where outcome is null;
call wall('call_acts');

-- What an event told of who called, taken out of it: see without_person of migration 21.
create function without_caller(data jsonb) returns jsonb language sql immutable as $$
  select case when data ? 'call' then jsonb_set(data, '{call}', (data -> 'call') || '{"number": "", "address": null}') else data end
$$;
