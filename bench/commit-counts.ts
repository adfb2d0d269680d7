/** Counts the transactions in which each consumer group moved its positions, and the relay its pointer. */
import pg from 'pg'
import { statement } from './server.ts'

/** Call before the hub starts. A sequence is drawn in each such transaction; that costs it microseconds. */
export async function countCommits(url: string): Promise<void> {
  await statement(
    url,
    `create function count_commit() returns trigger language plpgsql security definer as $$
     begin
       perform nextval('commits_' || case tg_table_name when 'positions' then to_jsonb(new) ->> 'consumer' else 'relay' end);
       return null;
     exception when undefined_table then return null;
     end $$;
     create sequence commits_ingest; create sequence commits_routing; create sequence commits_reception; create sequence commits_relay;
     create trigger count_commit after update on positions for each row execute function count_commit();
     create trigger count_commit after update on feed for each row execute function count_commit()`,
  )
}

/** Commits so far, by group. */
export async function commitCounts(url: string): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string; value: string | null }>(
      `select substr(sequencename, 9) as name, last_value as value from pg_sequences where sequencename like 'commits\\_%'`,
    )
    return Object.fromEntries(rows.map(({ name, value }) => [name, Number(value ?? 0)]))
  } finally {
    await client.end()
  }
}
