-- Needs no older release. How much lies in the pool of each skill group, for whoever watches.

create index work_items_pooled on work_items (tenant_id) where state = 'pooled';
