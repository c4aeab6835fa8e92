import { partFunctions } from './partitions.ts'

/** What a function reports by the code of an error. */
export const codes = {
  /** A draft that is not a duplicate has data that is not JSON; the message is its number, from 1. */
  refused: 'TD001',
  /** Another agent, or a later connection, holds the consumer. */
  fenced: 'TD002',
  /** The slots of a job have changed since they were read. */
  changed: 'TD003',
  /** A preview has its answer. (A code that ends in 000 would stand for its whole class.) */
  enough: 'TD004',
} as const

// Plans are made when tables are small, and kept. These settings keep to the indexes, whatever the statistics say, and do
// not compile: that alone can take longer than the call.
const PINNED = (schema: string): string =>
  `SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET search_path = "${schema}", pg_temp`

/**
 * The functions that change a log. Each is one call in a transaction of its own: a client that freezes holds no lock
 * (decision 0075).
 */
export function functions(schema: string): string {
  return pinned([helpers, accept, acceptRun, preview, save, hold, slots], schema)
}

/** The functions of the table `part`, and the one that makes room in it. */
export function partFunctionsIn(schema: string): string {
  return pinned([partFunctions, accept], schema)
}

/** The functions of the table `hold`. */
export function holdFunctions(schema: string): string {
  return pinned([holds], schema)
}

/** Fills the settings into the texts of functions. */
export function pinned(texts: readonly string[], schema: string): string {
  return texts.map((text) => text.replaceAll('PINNED', PINNED(schema))).join('\n')
}

const helpers = `
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql AS $$
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

CREATE FUNCTION alive(p_agent uuid) RETURNS boolean LANGUAGE sql STABLE PINNED AS $$
  SELECT EXISTS (SELECT 1 FROM agent WHERE id = p_agent AND until > clock_timestamp())
$$;

CREATE FUNCTION beat(p_agent uuid, p_ttl double precision) RETURNS void LANGUAGE sql PINNED AS $$
  INSERT INTO agent VALUES (p_agent, clock_timestamp() + p_ttl * interval '1 ms')
    ON CONFLICT (id) DO UPDATE SET until = excluded.until
$$;

-- A null value deletes the key.
CREATE FUNCTION put_state(p_namespace text[], p_key text[], p_value text[]) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  FOR n IN 1..cardinality(p_key) LOOP
    IF p_value[n] IS NULL THEN
      DELETE FROM state WHERE namespace = p_namespace[n] AND key = p_key[n];
    ELSE
      INSERT INTO state VALUES (p_namespace[n], p_key[n], p_value[n], 1)
        ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, revision = state.revision + 1;
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION put_runs(p_job text, p_slot bigint[], p_attempt int[], p_outcome text[]) RETURNS void
LANGUAGE plpgsql PINNED AS $$
BEGIN
  FOR n IN 1..cardinality(p_slot) LOOP
    INSERT INTO run VALUES (p_job, p_slot[n], p_attempt[n], p_outcome[n])
      ON CONFLICT (job, slot, attempt) DO UPDATE SET outcome = excluded.outcome;
  END LOOP;
  DELETE FROM run WHERE job = p_job AND (slot, attempt) <
    (SELECT slot, attempt FROM run WHERE job = p_job ORDER BY slot DESC, attempt DESC OFFSET 99 LIMIT 1);
END $$;

-- p_revision: what the slots were decided on; 0: the job was unknown.
CREATE FUNCTION put_slots(
  p_job text, p_record text, p_revision bigint, p_slot bigint[], p_attempt int[], p_outcome text[]
) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  IF p_revision = 0 THEN
    INSERT INTO slots VALUES (p_job, p_record, 1) ON CONFLICT DO NOTHING;
  ELSE
    UPDATE slots SET record = p_record, revision = revision + 1 WHERE job = p_job AND revision = p_revision;
  END IF;
  IF NOT FOUND THEN RAISE EXCEPTION 'changed' USING ERRCODE = '${codes.changed}'; END IF;
  PERFORM put_runs(p_job, p_slot, p_attempt, p_outcome);
END $$;
`

/** What is accepted: an array for each column. */
export const ACCEPTED = `p_now bigint, p_space text[], p_type text[], p_identifier text[], p_version text[], p_data text[],
  p_transformed boolean[], p_bad boolean[], p_job text[], p_run text[], p_cause bigint[], p_traceparent text[], p_told boolean[],
  p_created bigint[], p_revision int[], p_namespace text[], p_key text[], p_value text[]`

/**
 * Status: 0 duplicate, 1 new, 2 changed. `space` is the type, or empty where the identifier alone is the identity. The
 * first part answers duplicates without a lock and without a write, as most drafts are.
 */
const accept = `
CREATE OR REPLACE FUNCTION accept_1(
  ${ACCEPTED},
  OUT o_created bigint, OUT o_seq bigint[], OUT o_status int[], OUT o_revision int[]
) LANGUAGE plpgsql PINNED AS $$
DECLARE
  newest bigint; before bigint; newest_created bigint; i identity%ROWTYPE; known boolean; rev int;
  told_seq bigint; told_as text;
BEGIN
  IF array_length(array_remove(p_version, NULL), 1) IS NULL THEN
    SELECT array_agg(CASE WHEN coalesce(k.told, 0) = 0 THEN k.seq ELSE k.told END ORDER BY n) INTO o_seq
      FROM unnest(p_space, p_identifier) WITH ORDINALITY AS d(space, identifier, n)
      LEFT JOIN identity k ON k.type = d.space AND k.identifier = d.identifier;
    IF o_seq IS NULL OR array_position(o_seq, NULL) IS NULL THEN
      PERFORM put_state(p_namespace, p_key, p_value);
      RETURN;
    END IF;
    o_seq := NULL;
  END IF;
  SELECT seq, created INTO before, newest_created FROM head FOR UPDATE;
  newest := before;
  IF before + cardinality(p_type) >= (SELECT max(start) FROM part) THEN
    PERFORM make_room_1(before + cardinality(p_type));
  END IF;
  -- The server's clock may step back; events do not.
  o_created := coalesce(p_now, greatest(newest_created, now_ms()));
  FOR n IN 1..cardinality(p_type) LOOP
    rev := NULL;
    SELECT * INTO i FROM identity WHERE type = p_space[n] AND identifier = p_identifier[n];
    known := FOUND;
    IF known THEN
      IF coalesce(i.told, 0) = 0 THEN told_seq := i.seq; told_as := i.version;
      ELSE told_seq := i.told; told_as := i.told_version; END IF;
      IF p_version[n] IS NULL
        OR (p_created[n] IS NULL AND told_as IS NOT DISTINCT FROM p_version[n])
        OR (p_created[n] IS NOT NULL
          AND (i.version IS NOT DISTINCT FROM p_version[n] OR p_revision[n] <= coalesce(i.revision, 1)))
      THEN
        o_seq[n] := told_seq; o_status[n] := 0;
        CONTINUE;
      END IF;
    END IF;
    IF p_bad[n] THEN RAISE EXCEPTION '%', n USING ERRCODE = '${codes.refused}'; END IF;
    newest := newest + 1;
    o_seq[n] := newest;
    o_status[n] := CASE WHEN known THEN 2 ELSE 1 END;
    IF p_version[n] IS NULL OR p_told[n] THEN told_seq := NULL; told_as := NULL;
    ELSIF NOT known OR i.told = 0 THEN told_seq := 0; told_as := NULL; END IF;
    IF p_version[n] IS NOT NULL THEN
      rev := coalesce(p_revision[n], CASE WHEN known THEN coalesce(i.revision, 1) ELSE 0 END + 1);
    END IF;
    o_revision[n] := rev;
    INSERT INTO identity VALUES (p_space[n], p_identifier[n], newest, p_version[n], rev, told_seq, told_as)
      ON CONFLICT (type, identifier) DO UPDATE SET seq = excluded.seq, version = excluded.version,
        revision = excluded.revision, told = excluded.told, told_version = excluded.told_version;
  END LOOP;
  IF newest > before THEN
    -- All at once: each statement has to find the partitions first.
    INSERT INTO event
      SELECT n.seq, coalesce(n.created, o_created), n.type, n.identifier, n.version, n.revision, n.job, n.run, n.cause, n.told,
        n.transformed, n.traceparent, n.data
      FROM unnest(o_seq, o_status, o_revision, p_created, p_type, p_identifier, p_version, p_job, p_run, p_cause, p_told,
        p_transformed, p_traceparent, p_data) AS n(seq, status, revision, created, type, identifier, version, job, run, cause,
        told, transformed, traceparent, data)
      WHERE n.status > 0;
    UPDATE head SET seq = newest, created = greatest(created, o_created);
    INSERT INTO type_count AS t
      SELECT type, count(*), max(seq), (array_agg(coalesce(e.created, o_created) ORDER BY seq DESC))[1]
      FROM unnest(p_type, p_created, o_seq, o_status) AS e(type, created, seq, status) WHERE status > 0 GROUP BY type
      ON CONFLICT (type) DO UPDATE SET count = t.count + excluded.count, last = excluded.last, at = excluded.at;
  END IF;
  PERFORM put_state(p_namespace, p_key, p_value);
END $$;
`

/** The events, and the slot of the run that published them. */
const acceptRun = `
CREATE FUNCTION accept_run_1(
  p_slots_job text, p_slots text, p_slots_revision bigint, p_slot bigint[], p_attempt int[], p_outcome text[],
  ${ACCEPTED},
  OUT o_created bigint, OUT o_seq bigint[], OUT o_status int[], OUT o_revision int[]
) LANGUAGE plpgsql PINNED AS $$
BEGIN
  PERFORM put_slots(p_slots_job, p_slots, p_slots_revision, p_slot, p_attempt, p_outcome);
  SELECT a.o_created, a.o_seq, a.o_status, a.o_revision INTO o_created, o_seq, o_status, o_revision
    FROM accept_1(p_now, p_space, p_type, p_identifier, p_version, p_data, p_transformed, p_bad, p_job, p_run, p_cause,
      p_traceparent, p_told, p_created, p_revision, p_namespace, p_key, p_value) a;
END $$;
`

/** Accepts, and takes it back: what the inner block has written is gone, what it has learned stays. */
const preview = `
CREATE FUNCTION preview_1(${ACCEPTED}, OUT o_status int[]) LANGUAGE plpgsql PINNED AS $$
DECLARE answer record;
BEGIN
  BEGIN
    SELECT * INTO answer FROM accept_1(p_now, p_space, p_type, p_identifier, p_version, p_data, p_transformed, p_bad,
      p_job, p_run, p_cause, p_traceparent, p_told, p_created, p_revision, p_namespace, p_key, p_value);
    RAISE EXCEPTION 'enough' USING ERRCODE = '${codes.enough}';
  EXCEPTION WHEN SQLSTATE '${codes.enough}' THEN
    o_status := answer.o_status;
  END;
END $$;
`

/**
 * The writes of one consumer, fenced by its epoch. `number` is kept, so that a save whose answer is lost is not written
 * twice. Without `sync` a save survives the death of the agent, and need not wait for the disk.
 */
const save = `
CREATE FUNCTION save_1(
  p_sync boolean, p_number bigint, p_name text, p_epoch bigint, p_record text, p_flight text,
  p_kind text[], p_seq bigint[], p_body text[], p_namespace text[], p_key text[], p_value text[]
) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  IF p_name IS NOT NULL THEN
    UPDATE consumer SET saved = coalesce(p_number, saved), record = coalesce(p_record, record),
      flight = CASE WHEN p_flight IS NULL THEN flight ELSE nullif(p_flight, '') END
      WHERE name = p_name AND epoch = p_epoch;
    IF NOT FOUND THEN RAISE EXCEPTION 'fenced' USING ERRCODE = '${codes.fenced}'; END IF;
    FOR n IN 1..cardinality(p_kind) LOOP
      IF p_body[n] IS NULL THEN
        DELETE FROM mark WHERE consumer = p_name AND kind = p_kind[n]::"char" AND seq = p_seq[n];
      ELSE
        INSERT INTO mark VALUES (p_name, p_kind[n]::"char", p_seq[n], p_body[n])
          ON CONFLICT (consumer, kind, seq) DO UPDATE SET body = excluded.body;
      END IF;
    END LOOP;
  END IF;
  PERFORM put_state(p_namespace, p_key, p_value);
  IF NOT p_sync THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
END $$;
`

/** Takes a consumer over, if no other agent that lives holds it. A null epoch: another does. */
const hold = `
CREATE FUNCTION hold_1(p_name text, p_agent uuid, OUT o_epoch bigint, OUT o_saved bigint, OUT o_known boolean)
LANGUAGE plpgsql PINNED AS $$
DECLARE c consumer%ROWTYPE;
BEGIN
  SELECT * INTO c FROM consumer WHERE name = p_name FOR UPDATE;
  o_known := FOUND;
  IF NOT FOUND OR (c.holder <> p_agent AND alive(c.holder)) THEN RETURN; END IF;
  UPDATE consumer SET epoch = epoch + 1, holder = p_agent WHERE name = p_name
    RETURNING epoch, saved INTO o_epoch, o_saved;
END $$;

CREATE FUNCTION rename_1(p_from text, p_to text) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  UPDATE consumer SET name = p_to, epoch = epoch + 1, holder = NULL WHERE name = p_from;
  UPDATE mark SET consumer = p_to WHERE consumer = p_from;
END $$;

CREATE FUNCTION forget_consumer_1(p_name text) RETURNS boolean LANGUAGE plpgsql PINNED AS $$
BEGIN
  DELETE FROM consumer WHERE name = p_name;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM mark WHERE consumer = p_name;
  RETURN true;
END $$;
`

const slots = `
CREATE FUNCTION forget_slots_1(p_job text) RETURNS boolean LANGUAGE plpgsql PINNED AS $$
DECLARE found_slots boolean; found_runs boolean;
BEGIN
  DELETE FROM slots WHERE job = p_job; found_slots := FOUND;
  DELETE FROM run WHERE job = p_job; found_runs := FOUND;
  RETURN found_slots OR found_runs;
END $$;
`

/**
 * A null epoch: another agent that lives has the hold. Of two agents that want it, the one that the hash prefers leaves its
 * name as the heir, and its holder sees that. A hold that is free is kept for a heir that still asks.
 */
const holds = `
CREATE FUNCTION prefers_1(p_name text, p_agent uuid, p_other uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT md5(p_name || p_agent) > md5(p_name || p_other)
$$;

CREATE FUNCTION take_hold_1(p_name text, p_agent uuid, p_lease double precision) RETURNS bigint
LANGUAGE plpgsql PINNED AS $$
DECLARE h hold%ROWTYPE; is_held boolean; has_heir boolean; taken bigint;
BEGIN
  FOR turn IN 1..2 LOOP
    IF turn = 1 THEN
      -- Most questions change nothing, and need no lock.
      INSERT INTO hold (name, epoch) SELECT p_name, 0 WHERE NOT EXISTS (SELECT 1 FROM hold WHERE name = p_name)
        ON CONFLICT DO NOTHING;
      SELECT * INTO h FROM hold WHERE name = p_name;
    ELSE
      SELECT * INTO h FROM hold WHERE name = p_name FOR UPDATE;
    END IF;
    is_held := h.holder <> p_agent AND alive(h.holder);
    has_heir := h.heir <> p_agent AND alive(h.heir) AND h.asked > clock_timestamp() - p_lease * interval '1 ms';
    IF is_held AND (NOT prefers_1(p_name, p_agent, h.holder) OR (has_heir AND prefers_1(p_name, h.heir, p_agent))) THEN
      RETURN NULL;
    END IF;
  END LOOP;
  IF is_held THEN
    UPDATE hold SET heir = p_agent, asked = clock_timestamp() WHERE name = p_name
      AND (heir IS DISTINCT FROM p_agent OR asked < clock_timestamp() - p_lease / 3 * interval '1 ms');
    RETURN NULL;
  END IF;
  IF h.holder IS DISTINCT FROM p_agent AND has_heir THEN RETURN NULL; END IF;
  UPDATE hold SET holder = p_agent, epoch = epoch + 1, heir = NULL WHERE name = p_name RETURNING epoch INTO taken;
  RETURN taken;
END $$;

-- The share lock keeps the hold as it is until the write that asks is committed.
CREATE FUNCTION fenced_1(p_name text, p_epoch bigint) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  PERFORM 1 FROM hold WHERE name = p_name AND epoch = p_epoch FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'fenced' USING ERRCODE = '${codes.fenced}'; END IF;
END $$;

-- Opens a consumer to look at it, and to steer it: with an epoch of its own, and no hold on it.
CREATE FUNCTION open_consumer_1(p_name text, p_agent uuid, OUT o_epoch bigint, OUT o_saved bigint)
LANGUAGE plpgsql PINNED AS $$
BEGIN
  SELECT h.o_epoch, h.o_saved INTO o_epoch, o_saved FROM hold_1(p_name, p_agent) h;
  UPDATE consumer SET holder = NULL WHERE name = p_name AND epoch = o_epoch;
END $$;

CREATE FUNCTION fenced_consumer_1(p_name text, p_epoch bigint) RETURNS void LANGUAGE plpgsql PINNED AS $$
BEGIN
  PERFORM 1 FROM consumer WHERE name = p_name AND epoch = p_epoch FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'fenced' USING ERRCODE = '${codes.fenced}'; END IF;
END $$;
`
