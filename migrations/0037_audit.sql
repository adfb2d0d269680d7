-- Needs no older release. The audit log: who changed what, and who read what is sensitive. Rows are added, and forgotten by age.

create table audit_entries (
  tenant_id text not null references tenants,
  id text not null,
  at timestamptz not null default clock_timestamp(),
  -- `member.update`: what the route says that it does.
  action text not null,
  -- The record that it was done to; null where there is no single one.
  subject text,
  -- A member, a key, or `operator` for whoever has the machine.
  actor_id text not null,
  -- The session or key that it came with, as its id.
  credential text,
  -- Where from: the caller's address behind trusted proxies, and what program it said it is.
  address text,
  user_agent text,
  request_id text,
  -- [{"field", "before", "after"}]; of people's own data only the names of fields.
  changes jsonb not null default '[]',
  primary key (tenant_id, id)
);
create index audit_entries_subject on audit_entries (tenant_id, subject, id);
create index audit_entries_actor on audit_entries (tenant_id, actor_id, id);
create index audit_entries_age on audit_entries using brin (at);
call wall('audit_entries');
-- Nobody changes what is written, and only housekeeping takes away what is old.
revoke update, delete on audit_entries from tributary_app;
revoke update on audit_entries from tributary_worker;
