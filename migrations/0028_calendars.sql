-- Needs no older release. Opening hours: calendars, and for whom each is.

create table calendars (
  tenant_id text not null references tenants,
  id text not null,
  name text not null,
  -- IANA name; null: the tenant's.
  time_zone text,
  -- {"monday": [{"from": "09:00", "to": "18:00"}], …}
  weekly jsonb not null,
  -- Days unlike their weekday, by date: [{"date", "name", "hours" or "like"}]
  exceptions jsonb not null default '[]',
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index calendars_name on calendars (tenant_id, name);
call wall('calendars');

create table calendar_assignments (
  tenant_id text not null,
  -- 'all', or the id of a channel or a skill group.
  target text not null,
  calendar_id text not null,
  primary key (tenant_id, target),
  foreign key (tenant_id, calendar_id) references calendars
);
create index calendar_assignments_calendar on calendar_assignments (tenant_id, calendar_id);
call wall('calendar_assignments');
