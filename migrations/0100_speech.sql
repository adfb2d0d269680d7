-- Needs no older release. The speech service of a business: what is said is written down, prompts are made of text.

create table speech_settings (
  tenant_id text primary key references tenants,
  -- Empty: the hub's own service, where it has one.
  url text not null default '',
  -- Sealed with the tenant's key; null: none.
  sealed_key text,
  -- Empty: what the hub's settings say.
  speech_model text not null default '',
  voice text not null default '',
  transcription_model text not null default '',
  language text not null default '',
  transcribe_calls boolean not null default false,
  transcribe_messages boolean not null default false,
  -- Since when the service has failed, and how it did the last time.
  failing_since timestamptz,
  failure text,
  version int not null default 1
);
call wall('speech_settings');
