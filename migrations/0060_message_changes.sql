-- Needs no older release. What becomes of a message after it was said: its author edits it, people react to it.

alter table messages
  add edited_at timestamptz,
  -- By whom, as the channel knows them, with what.
  add reactions jsonb not null default '{}';
