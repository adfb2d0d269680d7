-- Needs no older release. Conversations in company: tags, colleagues who take part, and who is mentioned in notes.

alter table conversations
  -- As they are shown; conversation_tags holds the same to be looked up by.
  add column tags text[] not null default '{}',
  -- Members who see it and write in it beside its holder.
  add column participant_ids text[] not null default '{}';
create index conversations_participants on conversations (tenant_id, updated_at desc) where participant_ids <> '{}';

create table conversation_tags (
  tenant_id text not null,
  conversation_id text not null,
  tag text collate "C" not null,
  primary key (tenant_id, conversation_id, tag),
  foreign key (tenant_id, conversation_id) references conversations (tenant_id, id) on delete cascade
);
create index conversation_tags_tag on conversation_tags (tenant_id, tag, conversation_id);
call wall('conversation_tags');

alter table messages
  -- Members to whom a note calls out.
  add column mentions text[] not null default '{}';

create table mentions (
  tenant_id text not null,
  member_id text not null,
  message_id text not null,
  created_at timestamptz not null,
  primary key (tenant_id, member_id, message_id),
  foreign key (tenant_id, member_id) references members (tenant_id, id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) on delete cascade
);
create index mentions_newest on mentions (tenant_id, member_id, created_at desc);
create index mentions_message on mentions (tenant_id, message_id);
call wall('mentions');
