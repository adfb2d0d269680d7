-- Needs no older release. In a call that went out the number dialled is the customer's: of who was erased it is no longer known either.
create or replace function without_caller(data jsonb) returns jsonb language sql immutable as $$
  select case when data ? 'call'
    then jsonb_set(data, '{call}', ((data -> 'call') - 'region') || '{"number": "", "address": null}'
      || case when data #>> '{call,direction}' = 'out' then '{"dialled": ""}'::jsonb else '{}'::jsonb end)
    else data end
$$;
update calls set dialled = '' where direction = 'out' and number = '';
