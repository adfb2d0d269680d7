-- Needs no older release. Tickets through the routing engine: an item, an assignment, an offer is of a conversation or of a ticket.

alter table work_items alter column conversation_id drop not null, add column ticket_id text,
  add foreign key (tenant_id, ticket_id) references tickets (tenant_id, id),
  add check (num_nonnulls(conversation_id, ticket_id) = 1);
create index work_items_ticket on work_items (tenant_id, ticket_id) where ticket_id is not null;

alter table assignments alter column conversation_id drop not null, add column ticket_id text,
  add check (num_nonnulls(conversation_id, ticket_id) = 1);
create index assignments_ticket on assignments (tenant_id, ticket_id) where ticket_id is not null;

alter table offers alter column conversation_id drop not null, add column ticket_id text,
  add check (num_nonnulls(conversation_id, ticket_id) = 1);
create index offers_ticket on offers (tenant_id, ticket_id) where ticket_id is not null;
