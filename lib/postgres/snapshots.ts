import { defined } from '../core/defined.ts'
import type { HeldSnapshot } from '../log/upkeep.ts'
import type { Ask } from './session.ts'

/**
 * Resolves to the oldest snapshot that another session, a prepared transaction or a replication slot holds open. Rows that
 * have died since can't be removed, so each look-up reads past all of them: after 15 000 commits, an accept takes twice as
 * long. A role sees only its own sessions, unless it is a member of `pg_read_all_stats`.
 */
export async function oldestSnapshot(ask: Ask): Promise<HeldSnapshot | undefined> {
  const [row] = await ask(
    `SELECT * FROM (
      SELECT age(backend_xmin) AS age,
          'process ' || pid || ' (' || coalesce(nullif(application_name, ''), 'unnamed') || ', of ' || coalesce(usename, '?') ||
            coalesce(', ' || state, '') || ')',
          floor(extract(epoch FROM clock_timestamp() - xact_start) * 1000)
        FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
      UNION ALL
      SELECT age(transaction), 'the prepared transaction ' || gid, floor(extract(epoch FROM clock_timestamp() - prepared) * 1000)
        FROM pg_prepared_xacts
      UNION ALL
      SELECT greatest(age(xmin), age(catalog_xmin)), 'the replication slot ' || slot_name, NULL
        FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
    ) held ORDER BY age DESC LIMIT 1`,
  )
  if (row === undefined) return undefined
  const [age, holder, ms] = row
  return defined({ age: Number(age), holder: String(holder), ms: ms === null ? undefined : Number(ms) })
}
