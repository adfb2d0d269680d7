-- Needs no older release. Files that came in or go out: what is known of them; their bytes lie in the blob store.

create table files (
  tenant_id text not null,
  -- 128 random bits: who knows one knows none of the others.
  id text not null,
  -- pending: promised, its bytes perhaps not whole. removing: its bytes are to go, then the row.
  state text not null default 'pending' check (state in ('pending', 'ready', 'removing')),
  uploader_kind text not null check (uploader_kind in ('member', 'key', 'visitor')),
  uploader_id text not null,
  -- The web chat of a visitor's upload.
  channel_id text,
  -- The message that carries it; a handle is used once. Until then it expires.
  message_id text,
  expires_at timestamptz,
  name text not null,
  -- What the uploader said it is, and what its first bytes and its name agree on.
  declared_type text,
  media_type text not null,
  bytes bigint not null,
  sha256 text not null,
  blob_key text not null,
  width int,
  height int,
  thumbnail_key text,
  thumbnail_bytes bigint,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete set null (message_id)
);
create index files_message on files (tenant_id, message_id) where message_id is not null;
create index files_uploader on files (tenant_id, uploader_id, created_at);
create index files_unused on files (tenant_id, created_at) where message_id is null or state <> 'ready';
call wall('files');
