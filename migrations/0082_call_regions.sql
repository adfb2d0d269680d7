-- Needs no older release. Where the number of a call is at home.

alter table calls add column region text;

-- As migration 64 has it, and where the number is at home, too.
create or replace function without_caller(data jsonb) returns jsonb language sql immutable as $$
  select case when data ? 'call'
    then jsonb_set(data, '{call}', ((data -> 'call') - 'region') || '{"number": "", "address": null}') else data end
$$;
