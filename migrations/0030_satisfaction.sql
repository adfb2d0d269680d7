-- Needs no older release. What customers say of how they were served: once for each conversation, by whatever way.

create table satisfactions (
  tenant_id text not null references tenants,
  id text not null,
  conversation_id text not null,
  -- The call of the conversation that is rated, where it was one.
  call_id text,
  contact_id text not null,
  channel_id text not null,
  -- By whom they were served when they were asked.
  group_id text,
  member_id text,
  -- The best score there is; 1 is the worst.
  scale int not null check (scale between 2 and 10),
  offered_tags jsonb not null default '[]',
  requested_by text not null,
  requested_at timestamptz not null default now(),
  expires_at timestamptz not null,
  score int check (score between 1 and scale),
  comment text,
  tags jsonb not null default '[]',
  source text check (source in ('widget', 'link', 'keypad')),
  answered_at timestamptz,
  version int not null default 1,
  primary key (tenant_id, id),
  unique (tenant_id, conversation_id),
  check ((score is null) = (answered_at is null) and (score is null) = (source is null)),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id) on delete cascade
);
create index satisfactions_newest on satisfactions (tenant_id, requested_at desc);
create index satisfactions_contact on satisfactions (tenant_id, contact_id, requested_at desc);
call wall('satisfactions');
