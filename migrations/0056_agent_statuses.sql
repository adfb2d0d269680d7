-- Needs no older release. States of agents in the business's own words, why skill groups passed work on, and what wraps up found by its agent.

create table agent_statuses (
  tenant_id text not null references tenants,
  key text not null,
  name text not null,
  state text not null check (state in ('online', 'busy', 'away')),
  -- Media in which nothing is taken meanwhile.
  closed text[] not null default '{}',
  position int not null default 0,
  retired boolean not null default false,
  primary key (tenant_id, key)
);
call wall('agent_statuses');

-- Each time a skill group could not serve the item, why, and where it went.
alter table work_items add column passes jsonb;

create index work_items_wrapup on work_items (tenant_id, agent_id) where state = 'wrapup';
