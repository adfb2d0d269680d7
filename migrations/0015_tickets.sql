-- Needs no older release. Tickets (工单): work that outlives a conversation.

-- The last number given out. Its row is locked until the ticket is committed, so numbers have no holes; whoever links tickets
-- takes it too, so that no two links can close a circle at once.
create table ticket_counters (
  tenant_id text primary key references tenants,
  last int not null
);
call wall('ticket_counters');

-- A tenant's own statuses, and its changes to the five that everybody has (they stand in the code).
create table ticket_statuses (
  tenant_id text not null references tenants,
  key text not null,
  name text not null,
  category text not null check (category in ('new', 'open', 'pending', 'solved', 'closed')),
  position int not null,
  retired boolean not null default false,
  primary key (tenant_id, key)
);
call wall('ticket_statuses');

create table ticket_categories (
  tenant_id text not null references tenants,
  key text not null,
  name text not null,
  -- Two levels: what has a parent is no parent.
  parent_key text,
  position int not null,
  retired boolean not null default false,
  primary key (tenant_id, key),
  foreign key (tenant_id, parent_key) references ticket_categories (tenant_id, key)
);
call wall('ticket_categories');

create table ticket_fields (
  tenant_id text not null references tenants,
  key text not null,
  name text not null,
  type text not null check (type in ('text', 'number', 'date', 'choice')),
  options text[] not null default '{}',
  required boolean not null default false,
  position int not null,
  retired boolean not null default false,
  primary key (tenant_id, key)
);
call wall('ticket_fields');

create table tickets (
  tenant_id text not null references tenants,
  id text not null,
  number int not null,
  subject text not null,
  description text not null default '',
  status text not null,
  -- That of its status, which never changes category.
  status_category text not null check (status_category in ('new', 'open', 'pending', 'solved', 'closed')),
  -- 0 low, 1 normal, 2 high, 3 urgent.
  priority int not null default 1 check (priority between 0 and 3),
  category text,
  group_id text,
  assignee_id text,
  -- The contact as it was when the ticket was made: readers follow contacts.merged_into.
  contact_id text,
  -- From which conversation it was made.
  conversation_id text,
  fields jsonb not null default '{}',
  tags text[] not null default '{}',
  watcher_ids text[] not null default '{}',
  due_at timestamptz,
  last_comment int not null default 0,
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  solved_at timestamptz,
  closed_at timestamptz,
  version int not null default 1,
  primary key (tenant_id, id),
  unique (tenant_id, number),
  foreign key (tenant_id, category) references ticket_categories (tenant_id, key),
  foreign key (tenant_id, group_id) references skill_groups (tenant_id, id),
  foreign key (tenant_id, assignee_id) references members (tenant_id, id),
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete set null (contact_id),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id) on delete set null (conversation_id)
) with (fillfactor = 80);
create index tickets_newest on tickets (tenant_id, updated_at desc);
create index tickets_due on tickets (tenant_id, due_at) where status_category in ('new', 'open', 'pending');
create index tickets_assignee on tickets (tenant_id, assignee_id, updated_at desc);
create index tickets_group on tickets (tenant_id, group_id, updated_at desc);
create index tickets_contact on tickets (tenant_id, contact_id, created_at desc);
create index tickets_conversation on tickets (tenant_id, conversation_id) where conversation_id is not null;
call wall('tickets');

create table ticket_comments (
  tenant_id text not null,
  id text not null,
  ticket_id text not null,
  -- Dense in its ticket, from 1.
  number int not null,
  kind text not null check (kind in ('internal', 'customer')),
  author_id text not null,
  text text not null,
  -- The message that carries it to the customer.
  message_id text,
  conversation_id text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, ticket_id, number),
  foreign key (tenant_id, ticket_id) references tickets (tenant_id, id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete set null (message_id),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id) on delete set null (conversation_id)
);
create unique index ticket_comments_message on ticket_comments (tenant_id, message_id) where message_id is not null;
create index ticket_comments_conversation on ticket_comments (tenant_id, conversation_id) where conversation_id is not null;
call wall('ticket_comments');

-- Each link once: the duplicate to the original, what blocks to what waits, the child to its parent; of two that are related
-- the older first.
create table ticket_links (
  tenant_id text not null,
  kind text not null check (kind in ('relates', 'duplicates', 'blocks', 'parent')),
  from_id text not null,
  to_id text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, kind, from_id, to_id),
  foreign key (tenant_id, from_id) references tickets (tenant_id, id),
  foreign key (tenant_id, to_id) references tickets (tenant_id, id),
  check (from_id <> to_id)
);
create unique index ticket_links_parent on ticket_links (tenant_id, from_id) where kind = 'parent';
create index ticket_links_to on ticket_links (tenant_id, to_id);
call wall('ticket_links');

-- Who changed what: one row for each version that came of a change.
create table ticket_changes (
  tenant_id text not null,
  ticket_id text not null,
  version int not null,
  actor_id text not null,
  at timestamptz not null default clock_timestamp(),
  -- [{"field", "from", "to"}]
  changes jsonb not null,
  primary key (tenant_id, ticket_id, version),
  foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);
call wall('ticket_changes');
