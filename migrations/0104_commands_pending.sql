-- Needs no older release. Commands without an outcome, which shards look for as soon as they are asked.

create index commands_pending on commands (tenant_id, id) where outcome is null;
