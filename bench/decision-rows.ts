/**
 * The unit of routing's shell: the rows of decisions that were made, stored once more in tables of the same form, by one writer that does
 * nothing else. Of each decision its item, its assignment, its conversation, the event, and what its agent has in use; the journal is left out.
 */
import pg from 'pg'

export interface DecisionRows {
  /** Of how many decisions there are rows. */
  readonly count: number
  /** Stores those after the first `from`, up to `to`, in one durable commit; resolves with the ms it took. */
  store(from: number, to: number): Promise<number>
  close(): Promise<void>
}

/** Takes the decisions that the database holds by now; their events must have been published. */
export async function openDecisionRows(url: string): Promise<DecisionRows> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create table items_again (like work_items including all);
    create table assignments_again (like assignments including all);
    create table events_again (like outbox including all);
    create table agents_again (like agent_states including all);
    create table said as select o.* from events o where type = 'conversation.assigned';
    create index on said (subject);
    create table numbered as
      select w.tenant_id, w.id, w.conversation_id, w.agent_id, row_number() over (order by w.id) as n
        from work_items w join said s on s.subject = w.conversation_id;
    create index on numbered (n);
    analyze said;
    analyze numbered`)
  const { rows } = await client.query<{ count: number }>('select count(*)::int as count from numbered')
  return {
    count: rows[0]?.count ?? 0,
    async store(from, to) {
      const some = `(select * from numbered where n > ${from} and n <= ${to}) n`
      const begun = performance.now()
      await client.query(`
        begin;
        insert into items_again select w.* from ${some} join work_items w using (tenant_id, id);
        insert into assignments_again overriding system value
          select a.* from ${some} join assignments a on a.tenant_id = n.tenant_id and a.conversation_id = n.conversation_id;
        update conversations c set updated_at = now(), version = version + 1 from ${some}
         where c.tenant_id = n.tenant_id and c.id = n.conversation_id;
        insert into events_again (tenant_id, event_id, type, subject, data, actor_id)
          select s.tenant_id, s.event_id, s.type, s.subject, s.data, s.actor_id from ${some} join said s on s.subject = n.conversation_id;
        insert into agents_again select distinct on (a.agent_id) a.* from ${some} join agent_states a using (tenant_id, agent_id)
          on conflict (tenant_id, agent_id) do update set used = excluded.used, record = excluded.record, updated_at = now();
        commit`)
      return performance.now() - begun
    },
    close: () => client.end(),
  }
}
