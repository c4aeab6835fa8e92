import { codes, pinned } from './functions.ts'

/** The functions of the table `share`. */
export function shareFunctions(schema: string): string {
  return pinned([shares], schema)
}

/**
 * Agents share the shards of a consumer evenly: those that have most keep most, so that few shards move. Each takes free ones
 * up to its share, and gives back what it has beyond that.
 */
const shares = `
-- Asks for a share of these shards: how many the agent holds, and how many it should hold.
CREATE FUNCTION share_1(
  p_consumer text, p_shards text[], p_agent uuid, p_lease double precision, OUT o_held int, OUT o_share int
) LANGUAGE plpgsql PINNED AS $$
DECLARE total int := cardinality(p_shards);
BEGIN
  INSERT INTO share VALUES (p_consumer, p_agent, clock_timestamp()) ON CONFLICT (consumer, agent)
    DO UPDATE SET asked = excluded.asked WHERE share.asked < excluded.asked - p_lease / 4 * interval '1 ms';
  IF FOUND THEN
    DELETE FROM share WHERE consumer = p_consumer AND asked < clock_timestamp() - p_lease * interval '1 ms';
  END IF;
  SELECT r.held, total / r.agents + CASE WHEN r.place <= total % r.agents THEN 1 ELSE 0 END INTO o_held, o_share FROM (
    SELECT m.agent, m.held, row_number() OVER (ORDER BY m.held DESC, m.agent) AS place, count(*) OVER ()::int AS agents
      FROM (
        SELECT s.agent, (SELECT count(*) FROM consumer c WHERE c.name = ANY (p_shards) AND c.holder = s.agent)::int AS held
          FROM share s WHERE s.consumer = p_consumer AND alive(s.agent)
            AND s.asked > clock_timestamp() - p_lease * interval '1 ms'
      ) m
  ) r WHERE r.agent = p_agent;
END $$;

-- A null epoch: another agent has it, or should have it.
CREATE FUNCTION take_shard_1(
  p_name text, p_agent uuid, p_consumer text, p_shards text[], p_lease double precision, OUT o_epoch bigint, OUT o_saved bigint
) LANGUAGE plpgsql PINNED AS $$
DECLARE mine record;
BEGIN
  SELECT * INTO mine FROM share_1(p_consumer, p_shards, p_agent, p_lease);
  IF mine.o_held >= mine.o_share AND NOT EXISTS (SELECT 1 FROM consumer WHERE name = p_name AND holder = p_agent) THEN
    RETURN;
  END IF;
  SELECT h.o_epoch, h.o_saved INTO o_epoch, o_saved FROM hold_1(p_name, p_agent) h;
END $$;

-- Replaces rows by others, and moves the marks of each event to one of these. Whatever was held is fenced.
CREATE FUNCTION reshape_1(
  p_from text[], p_epoch bigint[], p_to text[], p_record text[], p_flight text[], p_seq bigint[], p_mark text[]
) RETURNS void LANGUAGE plpgsql PINNED AS $$
DECLARE latest bigint := 0; found_epoch bigint;
BEGIN
  FOR n IN 1..cardinality(p_from) LOOP
    DELETE FROM consumer WHERE name = p_from[n] AND epoch = p_epoch[n] RETURNING epoch INTO found_epoch;
    IF NOT FOUND THEN RAISE EXCEPTION 'fenced' USING ERRCODE = '${codes.fenced}'; END IF;
    latest := greatest(latest, found_epoch);
  END LOOP;
  FOR n IN 1..cardinality(p_to) LOOP
    INSERT INTO consumer (name, record, flight, epoch) VALUES (p_to[n], p_record[n], p_flight[n], latest + 1);
  END LOOP;
  FOR n IN 1..cardinality(p_seq) LOOP
    UPDATE mark SET consumer = p_mark[n] WHERE consumer = ANY (p_from) AND seq = p_seq[n];
  END LOOP;
END $$;
`
