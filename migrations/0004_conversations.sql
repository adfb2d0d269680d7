-- Needs no older release. Channels, contacts, conversations, messages, deliveries.

create table channels (
  tenant_id text not null references tenants,
  id text not null,
  kind text not null,
  name text not null,
  settings jsonb not null default '{}',
  -- Settings marked secret, sealed with the tenant's key.
  secrets jsonb not null default '{}',
  -- Where its conversations wait.
  group_id text,
  enabled boolean not null default true,
  -- What the connector last reported of itself.
  state jsonb not null default '{"state": "offline"}',
  version int not null default 1,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  primary key (tenant_id, id),
  unique (id),
  foreign key (tenant_id, group_id) references skill_groups
);
call wall('channels');
call door('channels');

-- A connector's durable notes on its account: a cursor, a login session, a shared token.
create table channel_memory (
  tenant_id text not null,
  channel_id text not null,
  name text not null,
  value jsonb not null,
  expires_at timestamptz,
  primary key (tenant_id, channel_id, name),
  foreign key (tenant_id, channel_id) references channels
);
call wall('channel_memory');

create table contacts (
  tenant_id text not null references tenants,
  id text not null,
  name text not null default '',
  attributes jsonb not null default '{}',
  -- Facts that the customer's side claims without proof are kept apart from these.
  claims jsonb not null default '{}',
  blocked_at timestamptz,
  blocked_reason text,
  blocked_until timestamptz,
  merged_into text,
  last_seen_at timestamptz,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, merged_into) references contacts (tenant_id, id)
);
-- Orders of lists end before the id: with it PostgreSQL 18 may skip through the whole order to find a row by id, as long as
-- it has no statistics.
create index contacts_newest on contacts (tenant_id, updated_at desc);
create index contacts_merged on contacts (tenant_id, merged_into) where merged_into is not null;
call wall('contacts');

create table identities (
  tenant_id text not null,
  kind text not null,
  -- How far the address is valid: '' everywhere, else the channel or platform account that gave it.
  scope text not null default '',
  address text not null,
  contact_id text not null,
  verified boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (tenant_id, kind, scope, address),
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
);
create index identities_contact on identities (tenant_id, contact_id);
call wall('identities');

-- Where somebody can be written to: the platform's chat on one channel. A group chat is a contact-like party of its own.
create table chats (
  tenant_id text not null,
  channel_id text not null,
  peer text not null,
  contact_id text not null,
  kind text not null default 'direct' check (kind in ('direct', 'group')),
  title text,
  last_inbound_at timestamptz,
  primary key (tenant_id, channel_id, peer),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id),
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
);
create index chats_contact on chats (tenant_id, contact_id);
call wall('chats');

create table conversations (
  tenant_id text not null,
  id text not null,
  contact_id text not null,
  -- One open conversation for each slot: the contact, or contact and channel where a tenant keeps channels apart.
  slot text not null,
  status text not null default 'open' check (status in ('open', 'closed')),
  held_by text not null default 'queue' check (held_by in ('bot', 'queue', 'agent', 'nobody')),
  group_id text,
  assignee_id text,
  -- Where the customer wrote last, and so where an answer goes by default.
  channel_id text not null,
  peer text not null,
  priority int not null default 0,
  last_number int not null default 0,
  last_message_at timestamptz,
  preview text,
  -- Since when the customer has waited for an answer; null when the last word is ours.
  waiting_since timestamptz,
  first_answer_at timestamptz,
  agent_read int not null default 0,
  customer_read int not null default 0,
  reopened int not null default 0,
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  closed_by text,
  updated_at timestamptz not null default now(),
  version int not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id),
  foreign key (tenant_id, group_id) references skill_groups (tenant_id, id),
  foreign key (tenant_id, assignee_id) references members (tenant_id, id),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id)
) with (fillfactor = 70);
create unique index conversations_open on conversations (tenant_id, slot) where status <> 'closed';
create index conversations_contact on conversations (tenant_id, contact_id, opened_at desc);
create index conversations_newest on conversations (tenant_id, updated_at desc);
create index conversations_assignee on conversations (tenant_id, assignee_id, updated_at desc) where status <> 'closed';
create index conversations_waiting on conversations (tenant_id, group_id, updated_at desc) where held_by = 'queue' and status <> 'closed';
call wall('conversations');

create table messages (
  tenant_id text not null,
  id text not null,
  conversation_id text not null,
  contact_id text not null,
  -- Dense in its conversation, from 1: the order everybody sees.
  number int not null,
  direction text not null check (direction in ('in', 'out', 'note')),
  author_kind text not null check (author_kind in ('contact', 'member', 'bot', 'system')),
  author_id text,
  channel_id text,
  peer text,
  parts jsonb not null,
  reply_to text,
  -- The platform's id of it, and, for what a client sent, the client's own.
  external_id text,
  client_id text,
  status text not null check (status in ('received', 'queued', 'accepted', 'delivered', 'read', 'failed', 'unknown', 'noted')),
  failure jsonb,
  sent_at timestamptz not null,
  -- Not the beginning of the transaction: under the conversation's lock it ascends as the numbers do.
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, conversation_id, number),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id)
);
create index messages_contact on messages (tenant_id, contact_id, created_at desc);
create index messages_external on messages (tenant_id, channel_id, external_id) where external_id is not null;
call wall('messages');

-- Every key an inbound event came with, kept longer than any platform redelivers.
create table inbound_seen (
  tenant_id text not null,
  channel_id text not null,
  key text not null,
  at timestamptz not null default now(),
  primary key (tenant_id, channel_id, key)
);
create index inbound_seen_age on inbound_seen using brin (at);
call wall('inbound_seen');

-- One row for each native message to be sent; a lane is (channel, peer), its head the smallest id not yet settled.
create table deliveries (
  tenant_id text not null,
  id bigint generated always as identity,
  message_id text not null,
  -- 0, 1, 2…: a message that the platform cannot carry whole becomes several native ones.
  piece int not null default 0,
  channel_id text not null,
  peer text not null,
  parts jsonb not null,
  state text not null default 'queued'
    check (state in ('queued', 'sending', 'accepted', 'delivered', 'read', 'failed', 'unknown')),
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  -- A lane is held for a message that may be tried again until this moment, then it fails.
  give_up_at timestamptz not null default now() + interval '24 hours',
  owner text,
  claimed_until timestamptz,
  external_id text,
  failure jsonb,
  settled_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, message_id, piece),
  foreign key (tenant_id, message_id) references messages (tenant_id, id)
);
create index deliveries_lane on deliveries (tenant_id, channel_id, peer, id) where state in ('queued', 'sending');
create unique index deliveries_external on deliveries (tenant_id, channel_id, external_id) where external_id is not null;
call wall('deliveries');
call door('deliveries');

-- Receipts that came before their message's external id was stored.
create table early_receipts (
  tenant_id text not null,
  channel_id text not null,
  external_id text not null,
  state text not null,
  reason text,
  at timestamptz not null default now(),
  primary key (tenant_id, channel_id, external_id, state)
);
call wall('early_receipts');

-- Visitors of web chat: what their browser holds, hashed.
create table visitor_tokens (
  tenant_id text not null,
  token_hash bytea not null,
  channel_id text not null,
  visitor_id text not null,
  -- The business's own id for the person, when its signed word vouches for it.
  subject text,
  -- What the page says of the person, unproven, and the name that goes with their messages.
  claims jsonb not null default '{}',
  name text,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (token_hash),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id)
);
call wall('visitor_tokens');
call door('visitor_tokens');
