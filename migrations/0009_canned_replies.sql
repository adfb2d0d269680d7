-- Needs no older release. Canned replies (常用语): what agents say often, shared by all or a member's own.

create table canned_replies (
  tenant_id text not null references tenants,
  id text not null,
  -- Whose own it is; null: everybody's.
  member_id text,
  -- Under which they are listed together: 欢迎, 物流. Empty: none.
  folder text not null default '',
  title text not null,
  -- May hold {{contact.name}}, {{agent.name}}, {{agent.number}}: filled in by whoever inserts it.
  text text not null,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, member_id) references members (tenant_id, id)
);
create unique index canned_replies_title on canned_replies (tenant_id, coalesce(member_id, ''), folder, title);
call wall('canned_replies');
