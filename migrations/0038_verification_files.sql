-- Needs no older release. Files at the root of the hub's address, by which a platform sees that the address is its customer's.

create table verification_files (
  tenant_id text not null references tenants,
  name text not null check (name ~ '^(MP|WW)_verify_[A-Za-z0-9]{1,64}\.txt$'),
  content text not null check (content ~ '^[A-Za-z0-9._=-]{1,200}$'),
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, name)
);
-- One address has one file of a name, whoever put it there.
create unique index verification_files_name on verification_files (name);
call wall('verification_files');
call door('verification_files');
