/** The version of the tables. A newer one is refused. */
export const FORMAT = 1

/**
 * The tables of a log, in a schema of their own:
 *
 * | table | rows |
 * |---|---|
 * | `head` | one: what the log is, and its newest seq. Its lock is the log's only sequencer |
 * | `event` | one for each event |
 * | `type_count` | one for each type that has events |
 * | `identity` | one for each identity; outlives the event |
 * | `state` | one for each key |
 * | `agent` | one for each agent that has the log open, valid until its lease ends |
 * | `consumer` | one for each consumer, or shard of a shared one; its epoch fences those that held it before |
 * | `mark` | one for each retry (`r`), parked event (`p`) and crash (`x`) of a consumer |
 * | `share` | one for each agent that wants a share of a shared consumer; void when it has not asked for a lease |
 * | `hold` | one for each thing that only one agent may have at a time, such as a job |
 * | `slots`, `run` | the slots of each job, and the outcome of each attempt |
 * | `step` | one for each change that was made since |
 * | `history`, `arrival` | the timelines of the server, and who has come to one that is not settled (`history.ts`) |
 *
 * Texts have the collation "C", the order of LevelDB. Data is text, not jsonb, which refuses some JSON and changes other.
 * `fillfactor` leaves room in a page, so that an update needs no new index entry.
 */
export const tables = `
CREATE TABLE head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  format int NOT NULL DEFAULT ${FORMAT},
  identity text NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  first bigint NOT NULL DEFAULT 1,
  created bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

CREATE TABLE event (
  seq bigint PRIMARY KEY,
  created bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  identifier text COLLATE "C" NOT NULL,
  version text COLLATE "C",
  revision int,
  job text COLLATE "C",
  run text COLLATE "C",
  cause bigint,
  told boolean NOT NULL,
  transformed boolean,
  traceparent text,
  data text NOT NULL
);
CREATE INDEX event_type ON event (type, seq);
CREATE INDEX event_cause ON event (cause, seq) WHERE cause IS NOT NULL;
CREATE INDEX event_created ON event USING brin (created);

CREATE TABLE type_count (
  type text COLLATE "C" PRIMARY KEY,
  count bigint NOT NULL,
  last bigint NOT NULL,
  at bigint NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE identity (
  type text COLLATE "C",
  identifier text COLLATE "C",
  seq bigint NOT NULL,
  version text COLLATE "C",
  revision int,
  told bigint,
  told_version text COLLATE "C",
  PRIMARY KEY (type, identifier)
);

CREATE TABLE state (
  namespace text COLLATE "C",
  key text COLLATE "C",
  value text NOT NULL,
  revision bigint NOT NULL,
  PRIMARY KEY (namespace, key)
) WITH (fillfactor = 50);

CREATE TABLE agent (
  id uuid PRIMARY KEY,
  until timestamptz NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE consumer (
  name text COLLATE "C" PRIMARY KEY,
  record text NOT NULL,
  flight text,
  epoch bigint NOT NULL DEFAULT 0,
  holder uuid,
  saved bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

CREATE TABLE mark (
  consumer text COLLATE "C",
  kind "char",
  seq bigint,
  body text NOT NULL,
  PRIMARY KEY (consumer, kind, seq)
) WITH (fillfactor = 70);

CREATE TABLE slots (
  job text COLLATE "C" PRIMARY KEY,
  record text NOT NULL,
  revision bigint NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE run (
  job text COLLATE "C",
  slot bigint,
  attempt int,
  outcome text,
  PRIMARY KEY (job, slot, attempt)
);
`

// What a log of an earlier version lacks. Programs of that version work beside it.

/** What only one agent may have at a time. */
export const holdTable = `
CREATE TABLE hold (
  name text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL,
  holder uuid,
  heir uuid,
  asked timestamptz
) WITH (fillfactor = 20);
`

/** The steps that were made after these tables, by name (`steps.ts`). */
export const stepTable = `
CREATE TABLE step (
  name text COLLATE "C" PRIMARY KEY,
  made timestamptz NOT NULL DEFAULT clock_timestamp()
);
`

/** The agents that share a consumer. */
export const shareTable = `
CREATE TABLE share (
  consumer text COLLATE "C",
  agent uuid,
  asked timestamptz NOT NULL,
  PRIMARY KEY (consumer, agent)
) WITH (fillfactor = 20);
`
