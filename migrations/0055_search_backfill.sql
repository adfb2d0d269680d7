-- Needs no older release. What was said before there was an index of the search, or longer ago than the feed goes back, is taken in too.

-- How far each tenant's older messages are in, the newest first: all before `before`. Gone when everything is.
create table search_backfill (
  tenant_id text primary key references tenants,
  before text not null
);
call wall('search_backfill');
call door('search_backfill');

-- Ids grow with time, and nothing is greater than this one.
insert into search_backfill (tenant_id, before) select distinct tenant_id, 'msg_~' from messages;
