-- Needs no older release. What a channel does with calls before and after agents: menus, hours, voicemail, surveys; calls that go out.

create table call_plans (
  tenant_id text not null,
  channel_id text not null,
  plan jsonb not null,
  updated_at timestamptz not null default clock_timestamp(),
  version int not null default 1,
  primary key (tenant_id, channel_id),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id)
);
call wall('call_plans');

alter table calls drop constraint calls_state_check;
alter table calls add constraint calls_state_check check (state in
  ('received', 'screening', 'menu', 'queued', 'offered', 'dialling', 'talking', 'held', 'forwarding', 'voicemail', 'survey', 'ended'));

alter table call_acts drop constraint call_acts_act_check;
alter table call_acts add constraint call_acts_act_check check (act in ('hang-up', 'hold', 'resume', 'dial', 'mute', 'unmute', 'digits'));
-- What the act needs besides: a number, digits.
alter table call_acts add column data jsonb;
create index calls_out on calls (tenant_id, channel_id, started_at) where direction = 'out';

-- Numbers that must not be called: in E.164 or as they are dialled.
create table do_not_call (
  tenant_id text not null,
  number text not null,
  reason text not null default '',
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, number)
);
call wall('do_not_call');
