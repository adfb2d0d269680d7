-- Needs no older release. Contacts as records: fields, several addresses each, tags, groups, notes, search, merging, erasure.

alter table contacts
  add column province text,
  add column city text,
  add column company text,
  -- All that was known of the person is gone; the id stays, so that it is never anybody else's.
  add column erased_at timestamptz;
create index contacts_block_end on contacts (blocked_until) where blocked_at is not null and blocked_until is not null;

-- What is looked for and what is looked in take the same form. Text operators of equality and order are leakproof, so indexes on
-- them work through row-level security; those of LIKE, of tsvector and of trigrams do not (decision 3).
create function search_form(said text) returns text language sql immutable parallel safe
  return lower(normalize(said, nfkc));

create function is_letter(code int) returns boolean language sql immutable parallel safe
  return code between 48 and 57 or code between 97 and 122 or code >= 128;

-- Where somebody may begin to type a name: at its beginning, at each word, at each character of a script without spaces.
create function words_of(said text) returns setof text language plpgsql immutable strict parallel safe as $$
declare
  form text := left(search_form(said), 200);
  code int;
  before int := 0;
  starts int := 0;
begin
  for i in 1 .. length(form) loop
    code := ascii(substr(form, i, 1));
    if i = 1 or (is_letter(code) and (code >= 11904 or not is_letter(before))) then
      return next substr(form, i, 40);
      starts := starts + 1;
      exit when starts = 40;
    end if;
    before := code;
  end loop;
end $$;

create table contact_words (
  tenant_id text not null,
  word text collate "C" not null,
  contact_id text not null,
  -- No foreign key: the triggers below are the only writers, and an import would pay for it with each word.
  primary key (tenant_id, word, contact_id)
);
create index contact_words_contact on contact_words (tenant_id, contact_id);
call wall('contact_words');

-- Kept by the database, so that none of those who write a name (people, programs, ingest, imports) can forget it.
create function note_words() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    delete from contact_words w using before o where w.tenant_id = o.tenant_id and w.contact_id = o.id;
  elsif tg_op = 'UPDATE' then
    delete from contact_words w using after n join before o on o.tenant_id = n.tenant_id and o.id = n.id
     where w.tenant_id = n.tenant_id and w.contact_id = n.id
       and (n.name, n.company) is distinct from (o.name, o.company);
    insert into contact_words (tenant_id, word, contact_id)
      select n.tenant_id, w.word, n.id from after n join before o on o.tenant_id = n.tenant_id and o.id = n.id
       cross join lateral (select words_of(n.name) as word union select words_of(n.company)) w
       where (n.name, n.company) is distinct from (o.name, o.company)
      on conflict do nothing;
  else
    insert into contact_words (tenant_id, word, contact_id)
      select n.tenant_id, w.word, n.id from after n
       cross join lateral (select words_of(n.name) as word union select words_of(n.company)) w
       where n.name <> '' or n.company is not null
      on conflict do nothing;
  end if;
  return null;
end $$;
create trigger note_words_new after insert on contacts
  referencing new table as after for each statement execute function note_words();
create trigger note_words_gone after delete on contacts
  referencing old table as before for each statement execute function note_words();
create trigger note_words_changed after update on contacts
  referencing old table as before new table as after for each statement execute function note_words();

alter table identities
  -- As somebody wrote it, where the address is its normal form: +8613800138000 for 138-0013-8000.
  add column given text,
  add column search text collate "C" generated always as (lower(address)) stored,
  -- A telephone number is looked for by its last digits too.
  add column backwards text collate "C" generated always as (case when kind = 'phone' then reverse(address) end) stored;
create index identities_search on identities (tenant_id, search);
create index identities_backwards on identities (tenant_id, backwards) where backwards is not null;

create table contact_tags (
  tenant_id text not null,
  contact_id text not null,
  tag text collate "C" not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, contact_id, tag),
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index contact_tags_tag on contact_tags (tenant_id, tag, contact_id);
call wall('contact_tags');

create table contact_notes (
  tenant_id text not null,
  id text not null,
  contact_id text not null,
  text text not null,
  author_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  version int not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
);
create index contact_notes_contact on contact_notes (tenant_id, contact_id, created_at desc);
call wall('contact_notes');

-- Attributes that a tenant has defined: what they are called, and what may stand in them.
create table contact_fields (
  tenant_id text not null references tenants,
  key text not null,
  label text not null,
  type text not null check (type in ('text', 'number', 'boolean', 'date', 'choice', 'link')),
  options jsonb not null default '[]',
  version int not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);
call wall('contact_fields');

create table contact_groups (
  tenant_id text not null references tenants,
  id text not null,
  name text not null,
  version int not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index contact_groups_name on contact_groups (tenant_id, name);
call wall('contact_groups');

create table contact_group_members (
  tenant_id text not null,
  group_id text not null,
  contact_id text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, group_id, contact_id),
  foreign key (tenant_id, group_id) references contact_groups (tenant_id, id) on delete cascade,
  foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade
);
create index contact_group_members_contact on contact_group_members (tenant_id, contact_id);
call wall('contact_group_members');

-- The journal of merges: who became part of whom, and what the survivor's own fields held before and were given.
create table contact_merges (
  tenant_id text not null,
  id text not null,
  survivor_id text not null,
  merged_id text not null,
  before jsonb not null,
  given jsonb not null,
  merged_at timestamptz not null default clock_timestamp(),
  merged_by text not null,
  undone_at timestamptz,
  undone_by text,
  primary key (tenant_id, id),
  foreign key (tenant_id, survivor_id) references contacts (tenant_id, id),
  foreign key (tenant_id, merged_id) references contacts (tenant_id, id)
);
-- A contact is part of one other at a time.
create unique index contact_merges_standing on contact_merges (tenant_id, merged_id) where undone_at is null;
create index contact_merges_survivor on contact_merges (tenant_id, survivor_id, merged_at desc);
create index contact_merges_merged on contact_merges (tenant_id, merged_id, merged_at desc);
call wall('contact_merges');
