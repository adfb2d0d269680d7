-- Needs no older release. Limited permissions to answer, which platforms hand out with what a customer says.

create table reply_tickets (
  tenant_id text not null,
  id bigint generated always as identity,
  channel_id text not null,
  peer text not null,
  kind text not null,
  -- What the platform wants to see again with the answer; null where the permission is the window itself.
  reference jsonb,
  expires_at timestamptz not null,
  -- How many answers it is good for; null: as many as one likes.
  uses int check (uses >= 0),
  used int not null default 0 check (used >= 0 and (uses is null or used <= uses)),
  primary key (tenant_id, id),
  -- The same permission, handed out again, begins anew.
  unique nulls not distinct (tenant_id, channel_id, peer, kind, reference),
  foreign key (tenant_id, channel_id) references channels
);
create index reply_tickets_age on reply_tickets (expires_at);
call wall('reply_tickets');

-- Which permission a native message spends, and as its which use: the same however often it is tried.
alter table deliveries add ticket_id bigint, add ticket_use int;
