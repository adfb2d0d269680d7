-- Needs no older release. What the hub says by itself, when, and conversations that wait for the opening.

create table texts (
  tenant_id text not null references tenants,
  -- 'all', the id of a channel, or that of a member whose own it is.
  scope text not null,
  kind text not null,
  language text not null,
  -- Empty: nothing is said.
  text text not null,
  version int not null default 1,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, scope, kind, language)
);
call wall('texts');

-- What was said already: each text once for its occasion.
create table said_texts (
  tenant_id text not null,
  conversation_id text not null,
  occasion text not null,
  at timestamptz not null default now(),
  primary key (tenant_id, conversation_id, occasion),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id) on delete cascade
);
call wall('said_texts');

create table reception_rules (
  tenant_id text not null references tenants,
  -- 'all', or the id of a channel.
  scope text not null,
  rules jsonb not null,
  version int not null default 1,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, scope)
);
call wall('reception_rules');

-- Since when it waits for the hours to begin, and when they do; routing does not know of it meanwhile.
alter table conversations add column parked_at timestamptz;
alter table conversations add column parked_until timestamptz;
create index conversations_parked on conversations (tenant_id, id) where parked_at is not null;
