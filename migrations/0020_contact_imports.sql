-- Needs no older release. Imports of contacts: a file that was read, its rows as long as they are needed, and how far it is.

create table contact_imports (
  tenant_id text not null references tenants,
  id text not null,
  -- reading: rows are coming in. draft: waits for somebody to say what goes where. checking: a trial that changes nothing.
  state text not null default 'reading' check (state in ('reading', 'draft', 'checking', 'importing', 'done', 'cancelled')),
  name text not null,
  format text not null,
  encoding text,
  columns jsonb not null default '[]',
  plan jsonb,
  total int not null default 0,
  processed int not null default 0,
  created int not null default 0,
  updated int not null default 0,
  unchanged int not null default 0,
  failed int not null default 0,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  version int not null default 1,
  primary key (tenant_id, id)
);
create index contact_imports_newest on contact_imports (tenant_id, created_at desc);
call wall('contact_imports');

-- Rows that wait, and those that could not be taken; what was taken is a contact and no row here any more.
create table contact_import_rows (
  tenant_id text not null,
  import_id text not null,
  -- As a spreadsheet numbers it.
  number int not null,
  cells jsonb not null,
  error jsonb,
  primary key (tenant_id, import_id, number),
  foreign key (tenant_id, import_id) references contact_imports (tenant_id, id) on delete cascade
);
create index contact_import_rows_errors on contact_import_rows (tenant_id, import_id, number) where error is not null;
call wall('contact_import_rows');
