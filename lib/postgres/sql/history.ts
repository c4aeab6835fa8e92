import { LOST_EVENT } from '../../core/engine-types.ts'
import { ACCEPTED, pinned } from './functions.ts'

/** What a log of an earlier version lacks: in which histories of the server it was written (decision 0081). */
export const historyTables = `
CREATE TABLE history (
  timeline text PRIMARY KEY,
  began timestamptz NOT NULL DEFAULT clock_timestamp(),
  seq bigint
);

CREATE TABLE arrival (
  timeline text,
  agent uuid,
  seq bigint NOT NULL,
  PRIMARY KEY (timeline, agent)
);
`

/** The present history is the first that is known: nothing is missing in it. */
export const firstHistory = 'INSERT INTO history (timeline, seq) VALUES (timeline_2(), 0);'

/** The functions of these tables. */
export function historyFunctions(schema: string): string {
  return pinned([replicas, arrivals], schema)
}

/**
 * Where the settings make an answer wait for a replica, so does one that has nothing to write: another commit may be visible
 * here, and on no replica, because its wait was ended. The commit of a transaction that writes waits for all before it. So
 * `accept_run_1` needs no other version: it always writes.
 */
const replicas = `
CREATE FUNCTION has_replica_2() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') NOT IN ('off', 'local')
$$;

CREATE FUNCTION accept_2(
  ${ACCEPTED},
  OUT o_created bigint, OUT o_seq bigint[], OUT o_status int[], OUT o_revision int[]
) LANGUAGE plpgsql PINNED AS $$
BEGIN
  SELECT a.o_created, a.o_seq, a.o_status, a.o_revision INTO o_created, o_seq, o_status, o_revision
    FROM accept_1(p_now, p_space, p_type, p_identifier, p_version, p_data, p_transformed, p_bad, p_job, p_run, p_cause,
      p_traceparent, p_told, p_created, p_revision, p_namespace, p_key, p_value) a;
  IF o_status IS NULL AND has_replica_2() THEN PERFORM pg_logical_emit_message(true, 'tidings', ''); END IF;
END $$;

-- Nothing is handed out whose note only this server has.
CREATE FUNCTION save_2(
  p_sync boolean, p_number bigint, p_name text, p_epoch bigint, p_record text, p_flight text,
  p_kind text[], p_seq bigint[], p_body text[], p_namespace text[], p_key text[], p_value text[]
) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  PERFORM save_1(p_sync OR has_replica_2(), p_number, p_name, p_epoch, p_record, p_flight, p_kind, p_seq, p_body,
    p_namespace, p_key, p_value);
END $$;
`

/**
 * `arrive_2` is called with the highest seq that the agent knows from another history (0: none). Null: agents that lived
 * when that ended have not arrived yet. They are waited for until the lease of `p_agent` has passed, unless everything that
 * was acknowledged is here anyway (`p_waits`). Then the highest seq that any of them knows is the end of the log. Each
 * lost seq before it gets an untold event in its place, and listeners hear of the gap.
 */
const arrivals = `
CREATE FUNCTION timeline_2() RETURNS text LANGUAGE sql AS $$
  SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || (SELECT system_identifier FROM pg_control_system())
$$;

CREATE FUNCTION lose_2(p_from bigint, p_to bigint) RETURNS void LANGUAGE plpgsql PINNED AS $$
DECLARE h head%ROWTYPE; moment bigint; newest bigint;
BEGIN
  SELECT * INTO h FROM head;
  moment := greatest(h.created, now_ms());
  newest := greatest(h.seq, p_to) + 1;
  PERFORM make_room_1(newest);
  INSERT INTO event (seq, created, type, identifier, told, data)
    SELECT s, moment, '${LOST_EVENT}', '${LOST_EVENT} ' || s, false, '{"seq":' || s || '}' FROM generate_series(h.seq + 1, p_to) s;
  INSERT INTO event (seq, created, type, identifier, told, data)
    VALUES (newest, moment, '${LOST_EVENT}', '${LOST_EVENT} ' || p_from || '-' || p_to, true, '{"from":' || p_from || ',"to":' || p_to || '}');
  INSERT INTO identity (type, identifier, seq)
    SELECT CASE WHEN h.identity = 'type' THEN type ELSE '' END, identifier, seq FROM event WHERE seq > h.seq
    ON CONFLICT DO NOTHING;
  INSERT INTO type_count AS t VALUES ('${LOST_EVENT}', newest - h.seq, newest, moment)
    ON CONFLICT (type) DO UPDATE SET count = t.count + excluded.count, last = excluded.last, at = excluded.at;
  UPDATE head SET seq = newest, created = moment;
END $$;

CREATE FUNCTION arrive_2(p_agent uuid, p_lease double precision, p_known bigint, p_waits boolean) RETURNS bigint
LANGUAGE plpgsql PINNED AS $$
DECLARE line text := timeline_2(); h history%ROWTYPE; stored bigint; known bigint;
BEGIN
  SELECT * INTO h FROM history WHERE timeline = line;
  IF h.seq IS NULL OR p_known > h.seq THEN
    -- One agent at a time, and none that writes.
    SELECT seq INTO stored FROM head FOR UPDATE;
    INSERT INTO history (timeline) VALUES (line) ON CONFLICT DO NOTHING;
    SELECT * INTO h FROM history WHERE timeline = line;
    IF h.seq IS NULL THEN
      INSERT INTO arrival VALUES (line, p_agent, p_known) ON CONFLICT (timeline, agent) DO UPDATE SET seq = excluded.seq;
      IF p_waits AND clock_timestamp() < h.began + p_lease * interval '1 ms' AND EXISTS (
        SELECT 1 FROM agent WHERE until > (SELECT max(until) FROM agent) - 2 * p_lease * interval '1 ms'
          AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.timeline = line AND a.agent = agent.id)
      ) THEN
        RETURN NULL;
      END IF;
      SELECT max(seq) INTO known FROM arrival WHERE timeline = line;
      DELETE FROM arrival WHERE timeline = line;
    ELSE
      -- It comes late: others have used these seqs again.
      stored := h.seq;
      known := p_known;
    END IF;
    IF known > stored THEN PERFORM lose_2(stored + 1, known); END IF;
    UPDATE history SET seq = greatest(stored, known) WHERE timeline = line;
  END IF;
  RETURN (SELECT seq FROM head);
END $$;
`
