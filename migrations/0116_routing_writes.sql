-- Needs no older release. What routing writes at every decision, made cheaper. Neither conversations, members nor items are ever deleted, and
-- each of these keys locked a row of another table for every decision, which cost more than writing the decision itself. That the tables agree
-- is looked at once a minute (src/routing/reconcile.ts).

alter table conversations drop constraint conversations_tenant_id_assignee_id_fkey;
alter table work_items drop constraint work_items_tenant_id_conversation_id_fkey;
alter table assignments drop constraint assignments_tenant_id_item_id_fkey;

-- Room on each page for the next state of its agents, so that no index is written.
alter table agent_states set (fillfactor = 40);
