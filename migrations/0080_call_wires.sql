-- Needs no older release. How the legs of a call are named on the wire, until they are hung up: whoever comes after a crash does that.

alter table calls add column wire jsonb;
create index calls_wires on calls (tenant_id, channel_id) where wire is not null;
