-- Needs no older release. What the business said is taken back (撤回): by whom, and what has come of it at the platform.

alter table messages add recall jsonb;
-- A native message that is taken back at the platform; those of one message go one after the other.
alter table deliveries add recalled_at timestamptz;

-- What is still to be taken back; a row goes when it is done, or given up.
create table recalls (
  tenant_id text not null,
  message_id text not null,
  channel_id text not null,
  due_at timestamptz not null default now(),
  attempts int not null default 0,
  give_up_at timestamptz not null default now() + interval '10 minutes',
  primary key (tenant_id, message_id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete cascade
);
create index recalls_due on recalls (tenant_id, channel_id, due_at);
call wall('recalls');
