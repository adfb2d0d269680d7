-- Needs no older release. How each talk of a call arrived, what was said in it as text, and more that may be asked of a call.

create table call_voices (
  tenant_id text not null,
  call_id text not null,
  -- Which talk of the call it is, from 1.
  segment int not null,
  duration_ms int not null,
  -- Of each side: packets, packets lost, the longest gap in ms, whether anything was heard.
  caller jsonb not null,
  agent jsonb not null,
  primary key (tenant_id, call_id, segment),
  foreign key (tenant_id, call_id) references calls (tenant_id, id) on delete cascade
);
call wall('call_voices');

-- Which acts there are, the code says.
alter table call_acts drop constraint if exists call_acts_act_check;
