-- Needs no older release. How conversations end: unanswered, resolved and closed apart, summaries with a category, snoozing.

create table conversation_categories (
  tenant_id text not null references tenants,
  key text not null,
  name text not null,
  parent_key text,
  position int not null,
  retired boolean not null default false,
  primary key (tenant_id, key),
  foreign key (tenant_id, parent_key) references conversation_categories (tenant_id, key)
);
call wall('conversation_categories');

-- What is asked of people who end a conversation; of a group, or (null) wherever its group has no rule of its own.
create table closing_rules (
  tenant_id text not null references tenants,
  group_id text,
  summary text not null check (summary in ('off', 'optional', 'required')),
  category text not null check (category in ('off', 'optional', 'required')),
  -- What is resolved is closed so long after; null: by hand alone.
  close_resolved_after_seconds int,
  foreign key (tenant_id, group_id) references skill_groups (tenant_id, id) on delete cascade
);
create unique index closing_rules_scope on closing_rules (tenant_id, coalesce(group_id, ''));
call wall('closing_rules');

alter table conversations drop constraint conversations_status_check;
alter table conversations
  -- open: something is to be done; resolved: done, and the customer's next word opens it again; closed: over.
  add constraint conversations_status_check check (status in ('open', 'resolved', 'closed')),
  add column summary text,
  add column category text,
  add column resolved_at timestamptz,
  add column resolved_by text,
  -- Set aside by its holder until then, or (null) until the customer writes.
  add column snoozed_at timestamptz,
  add column snoozed_until timestamptz,
  add foreign key (tenant_id, category) references conversation_categories (tenant_id, key);
create index conversations_unanswered on conversations (tenant_id, waiting_since)
  where status = 'open' and waiting_since is not null;
create index conversations_category on conversations (tenant_id, category, updated_at desc) where category is not null;
