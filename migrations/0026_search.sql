-- Needs no older release. What was said, in a form that is searched: folded text, and its tokens as numbers under an inverted index.

create table message_texts (
  tenant_id text not null,
  message_id text not null,
  conversation_id text not null,
  -- That of the message: results come newest first.
  at timestamptz not null,
  -- Folded as search-form.ts folds what is asked.
  form text not null,
  -- Each the hash of tenant and token, so that one tenant's searches read nothing of another's postings.
  tokens int[] not null,
  primary key (tenant_id, message_id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete cascade
);
create index message_texts_conversation on message_texts (tenant_id, conversation_id);
create index message_texts_tokens on message_texts using gin (tokens) with (gin_pending_list_limit = 1024);
call wall('message_texts');

-- An inverted index is not read through row-level security, for its operators are not leakproof, except by a condition of a policy. So
-- what is looked for is one: restrictive, it takes rows away from what the wall lets through, and adds none. Unset, it holds for every row.
create function current_search() returns int[] language sql stable parallel safe
  as $$ select coalesce(nullif(current_setting('app.search', true), '')::int[], '{}') $$;
create policy searched on message_texts as restrictive for select to tributary_app, tributary_worker
  using (tokens @> (select current_search()));

-- What a message says no longer is found no longer.
create function forget_text() returns trigger language plpgsql as $$
begin
  delete from message_texts where tenant_id = old.tenant_id and message_id = old.id;
  return null;
end $$;
create trigger messages_reworded after update of parts on messages
  for each row when (old.parts is distinct from new.parts) execute function forget_text();
