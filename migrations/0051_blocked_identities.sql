-- Needs no older release. The blocklist by address: of what comes from there nothing is taken in, whoever's it is, also before there is a contact.

create table blocked_identities (
  tenant_id text not null references tenants,
  id text not null,
  kind text not null,
  scope text not null default '',
  -- In its normal form, as in identities.
  address text not null,
  reason text,
  -- Null: until somebody takes it off again.
  until timestamptz,
  blocked_at timestamptz not null default clock_timestamp(),
  blocked_by text not null,
  primary key (tenant_id, id)
);
create unique index blocked_identities_address on blocked_identities (tenant_id, kind, scope, address);
create index blocked_identities_newest on blocked_identities (tenant_id, blocked_at desc, id desc);
call wall('blocked_identities');

-- As in migration 21, and of the blocklist too.
create or replace function without_person(data jsonb) returns jsonb language plpgsql immutable as $$
declare
  part text;
begin
  foreach part in array array['contact', 'merged', 'restored'] loop
    if data ? part then
      data := jsonb_set(data, array[part], (data -> part) ||
        '{"name": "", "province": null, "city": null, "company": null, "attributes": {}, "claims": {}, "identities": [], "tags": [], "blocked": null}');
    end if;
  end loop;
  if data ? 'conversation' then
    data := jsonb_set(data, '{conversation}', (data -> 'conversation') || '{"contactName": "", "preview": null, "summary": null}');
  end if;
  if data ? 'message' then
    data := jsonb_set(data, '{message}', (data -> 'message') || '{"parts": [{"type": "text", "text": "—"}], "clientId": null, "failure": null}');
    if data #>> '{message,author,kind}' = 'contact' then
      data := jsonb_set(data, '{message,author,name}', 'null');
    end if;
  end if;
  if data ? 'satisfaction' then
    data := jsonb_set(data, '{satisfaction}', (data -> 'satisfaction') || '{"comment": null, "tags": []}');
  end if;
  if data ? 'failure' then data := data || '{"failure": null}'; end if;
  data := jsonb_set(data, '{note,text}', '"—"', false);
  data := jsonb_set(data, '{comment,text}', '"—"', false);
  if data ? 'block' then data := jsonb_set(data, '{block}', (data -> 'block') || '{"address": "—", "reason": null}'); end if;
  if data ? 'ticket' then
    data := jsonb_set(data, '{ticket}', (data -> 'ticket') || '{"subject": "—", "description": "", "fields": {}, "tags": []}');
  end if;
  if data ? 'changes' then data := data || '{"changes": []}'; end if;
  return data;
end $$;
