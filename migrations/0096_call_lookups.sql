-- Needs no older release. What the business's own system says of a caller; of who was erased it is no longer known either.
alter table calls add column lookup jsonb;
create or replace function without_caller(data jsonb) returns jsonb language sql immutable as $$
  select case when data ? 'call'
    then jsonb_set(data, '{call}', ((data -> 'call') - 'region' - 'lookup') || '{"number": "", "address": null}'
      || case when data #>> '{call,direction}' = 'out' then '{"dialled": ""}'::jsonb else '{}'::jsonb end)
    else data end
$$;
