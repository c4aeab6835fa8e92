/** The fewest events of a partition, and the share of all kept events that a larger one has. */
const SIZE = { least: 1000, share: 8 }

/**
 * The events in partitions by seq, so that those of a partition leave the disk at once (decision 0082):
 *
 * ```
 *   part: start  1      1001    2001        3001
 *   event_1 ──── dropped │ event_1001 │ event_2001 │ event_3001: a spare
 *                        └ head.first        └ head.seq
 * ```
 *
 * A table of events that was made before becomes the first partition. `part` has a row for each partition: the events
 * from `start` to below `until` are in the table `event_<start>`. Once that is dropped, `newest` is the time of its newest
 * event, which is the age of the identities that outlive it.
 */
export const partTable = `
SELECT 1 FROM head FOR UPDATE;
ALTER TABLE event RENAME TO event_1;
ALTER INDEX event_pkey RENAME TO event_1_pkey;
ALTER INDEX event_type RENAME TO event_1_type;
ALTER INDEX event_cause RENAME TO event_1_cause;
ALTER INDEX event_created RENAME TO event_1_created;

CREATE TABLE event (LIKE event_1, PRIMARY KEY (seq)) PARTITION BY RANGE (seq);
CREATE INDEX event_type ON event (type, seq);
CREATE INDEX event_cause ON event (cause, seq) WHERE cause IS NOT NULL;
CREATE INDEX event_created ON event USING brin (created);

CREATE TABLE part (
  start bigint PRIMARY KEY,
  until bigint NOT NULL,
  newest bigint
);
INSERT INTO part SELECT 1, greatest(seq, ${SIZE.least}) + 1 FROM head;
DO $$ BEGIN
  EXECUTE format('ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES FROM (1) TO (%s)', (SELECT until FROM part));
END $$;
`

/**
 * Made and dropped with the rights of the role that made the log: agents need none. Each waits for a lock a moment only,
 * because all that publish wait with it.
 */
export const partFunctions = `
-- Makes partitions, up to one that begins after a seq. The caller has the lock of the head.
CREATE FUNCTION make_room_1(p_seq bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '50ms' PINNED AS $$
DECLARE last part%ROWTYPE; start bigint; size bigint;
BEGIN
  LOOP
    SELECT * INTO last FROM part ORDER BY part.start DESC LIMIT 1;
    EXIT WHEN last.start > p_seq;
    SELECT greatest(last.until, head.first), greatest(${SIZE.least}, (p_seq - head.first) / ${SIZE.share})
      INTO start, size FROM head;
    EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING ALL)', 'event_' || start);
    EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', 'event_' || start, start, start + size);
    INSERT INTO part VALUES (start, start + size);
  END LOOP;
EXCEPTION WHEN lock_not_available THEN
  -- A person analyzes the table: the next call makes the spare.
  IF p_seq >= (SELECT max(until) FROM part) THEN RAISE; END IF;
END $$;

-- What listeners still need: the lowest event first.
CREATE FUNCTION needs_1() RETURNS TABLE (listener text, why text, seq bigint) LANGUAGE sql STABLE PINNED AS $$
  SELECT name, 'cursor', (record::json ->> 'cursor')::bigint + 1 FROM consumer
  UNION ALL
  SELECT consumer, CASE kind WHEN 'r' THEN 'retry' WHEN 'p' THEN 'parked' ELSE 'in flight' END, min(seq)
    FROM mark GROUP BY consumer, kind
  ORDER BY 3
$$;

-- Drops the partition that begins at p_start, if it is the oldest one, all its events are accepted, and no listener needs any.
CREATE FUNCTION drop_part_1(p_start bigint, OUT o_removed bigint) LANGUAGE plpgsql SECURITY DEFINER
SET lock_timeout = '200ms' PINNED AS $$
DECLARE p part%ROWTYPE; types text[]; counts bigint[]; latest bigint;
BEGIN
  o_removed := 0;
  SELECT * INTO p FROM part WHERE start = p_start AND newest IS NULL AND until <= (SELECT seq + 1 FROM head);
  IF NOT FOUND THEN RETURN; END IF;
  -- Its events change no more, so they are counted before others have to wait.
  SELECT array_agg(t.type), array_agg(t.count), coalesce(max(t.newest), 0) INTO types, counts, latest FROM (
    SELECT type, count(*), max(created) FILTER (WHERE created <= now_ms()) AS newest
      FROM event WHERE seq >= p.start AND seq < p.until GROUP BY type
  ) t;
  PERFORM 1 FROM head FOR UPDATE;
  PERFORM 1 FROM part WHERE start = p_start AND newest IS NULL;
  IF NOT FOUND
    OR EXISTS (SELECT 1 FROM part WHERE start < p_start AND newest IS NULL)
    OR EXISTS (SELECT 1 FROM needs_1() WHERE seq < p.until)
  THEN RETURN; END IF;
  EXECUTE format('DROP TABLE %I', 'event_' || p_start);
  UPDATE part SET newest = greatest(latest, (SELECT max(newest) FROM part)) WHERE start = p_start;
  UPDATE type_count t SET count = t.count - gone.count FROM unnest(types, counts) AS gone(type, count) WHERE t.type = gone.type;
  DELETE FROM type_count WHERE count <= 0;
  UPDATE head SET first = p.until;
  o_removed := coalesce((SELECT sum(c) FROM unnest(counts) c), 0);
END $$;

-- Drops the identities, of a page after a key, whose latest event is not after p_upto.
CREATE FUNCTION drop_identities_1(
  p_upto bigint, p_type text, p_identifier text, p_page int, OUT o_dropped bigint, OUT o_type text, OUT o_identifier text
) LANGUAGE plpgsql PINNED AS $$
BEGIN
  SELECT type, identifier INTO o_type, o_identifier FROM identity
    WHERE (type, identifier) > (p_type, p_identifier) ORDER BY type, identifier OFFSET p_page - 1 LIMIT 1;
  WITH gone AS (
    DELETE FROM identity WHERE seq <= p_upto AND (type, identifier) > (p_type, p_identifier)
      AND (o_type IS NULL OR (type, identifier) <= (o_type, o_identifier)) RETURNING 1
  ) SELECT count(*) INTO o_dropped FROM gone;
END $$;
`
