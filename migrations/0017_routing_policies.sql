-- Needs no older release. How each skill group routes, beyond its strategy, and what its people can do.

-- What is left out takes the default of src/core/tenancy/group-routing.ts.
alter table skill_groups add column routing jsonb not null default '{}';
-- [{"skill": "lang.en", "level": 4}]
alter table members add column skills jsonb not null default '[]';
-- Work items at once for each medium: {"chat": 3, "call": 1}. No limit where left out.
alter table members add column limits jsonb not null default '{}';

-- For the last agent of a returning customer.
create index conversations_last_agent on conversations (tenant_id, contact_id, closed_at desc) where status = 'closed' and assignee_id is not null;
