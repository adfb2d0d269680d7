-- Needs no older release. Pictures and links that belong to a channel's look.

-- The channel whose settings name the file: it stays as long as they do.
alter table files add column kept_by text;
alter table files add foreign key (tenant_id, kept_by) references channels (tenant_id, id);
create index files_kept on files (tenant_id, kept_by) where kept_by is not null;

-- The word of a channel in addresses, one for the whole hub.
create unique index channels_link on channels ((settings #>> '{look,link}'))
  where removed_at is null and settings #>> '{look,link}' is not null;
