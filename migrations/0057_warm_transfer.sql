-- Needs no older release. A conversation is handed on to a skill group while its holder keeps it.

-- The skill group in whose line it stands meanwhile.
alter table conversations add transfer_group_id text;
