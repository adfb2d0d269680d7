-- Needs no older release. What an event told of a person, taken out of it: the shape stays, so that whoever reads old events still can.

create function without_person(data jsonb) returns jsonb language plpgsql immutable as $$
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
  if data ? 'ticket' then
    data := jsonb_set(data, '{ticket}', (data -> 'ticket') || '{"subject": "—", "description": "", "fields": {}, "tags": []}');
  end if;
  if data ? 'changes' then data := data || '{"changes": []}'; end if;
  return data;
end $$;
