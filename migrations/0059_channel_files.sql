-- Needs no older release. Files that channels bring: fetched from their platform after the message is there, or kept as they come.

alter table files drop constraint files_state_check, drop constraint files_uploader_kind_check;
alter table files
  -- awaited: its message is there, its bytes are still with the platform. failed: they will not come; failure says why.
  add constraint files_state_check check (state in ('pending', 'awaited', 'ready', 'failed', 'removing')),
  add constraint files_uploader_kind_check check (uploader_kind in ('member', 'key', 'visitor', 'channel')),
  -- The connector's own way of fetching it; null once that is over.
  add locator jsonb,
  add fetch_at timestamptz,
  add fetch_until timestamptz,
  add fetches int not null default 0,
  add failure jsonb,
  add constraint files_awaited check (state <> 'awaited' or (locator is not null and fetch_at is not null and fetch_until is not null
                                                             and channel_id is not null));
create index files_awaited on files (tenant_id, channel_id, fetch_at) where state = 'awaited';
