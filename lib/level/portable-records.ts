import { defined } from '../core/defined.ts'
import type { ConsumerRecords, CursorRecord, EventKind } from '../log/consumer/consumer-store.ts'
import type { PortableKind, PortableMark, PortableRecords } from '../log/copy/portable-log.ts'
import { KIND, keys, type RecordKind, runOf, seqOf, startingWith, textsOf } from './format/keys.ts'
import {
  type ClaimRecord,
  decode,
  decodeEvent,
  encode,
  encodeEvent,
  encodeIdentity,
  FORGOTTEN,
  type Identity,
  type Meta,
  type StateRecord,
  type StoredOutcome,
} from './format/records.ts'
import { recordsIn } from './format/segments.ts'
import { slotsOf } from './runs/claims.ts'
import { type Database, pagesOf, READ_AHEAD } from './store/database.ts'
import type { Op } from './write/commit.ts'
import { causeRecord } from './write/event-index.ts'
import { identityKey } from './write/identities.ts'
import { SegmentWriter } from './write/segment-writer.ts'

type Entries = readonly (readonly [key: string, text: string])[]

/** How a kind of record is stored. */
interface Form<T> {
  /** The kinds of its keys. */
  readonly kinds: readonly RecordKind[]
  read(entries: Entries, db: Database): readonly T[] | Promise<readonly T[]>
  /** The operations that store records, and their places in the indexes. */
  write(records: readonly T[], rule: Meta['identity']): readonly Op[]
}

/** Where the records of an event at a consumer are. */
const marks: Readonly<Record<EventKind, readonly [kind: RecordKind, key: (name: string, seq: number) => string]>> = {
  retry: [KIND.retry, keys.retry],
  parked: [KIND.parked, keys.parked],
  crashes: [KIND.crash, keys.crash],
}

const forms: { readonly [K in PortableKind]: Form<PortableRecords[K]> } = {
  event: {
    kinds: [KIND.event],
    read: (entries) =>
      entries.flatMap((entry) =>
        recordsIn(...entry).map((record) => {
          const { event, told, run } = decodeEvent(...record)
          return { event, told, ...defined({ run }) }
        }),
      ),
    write(records) {
      const ops: Op[] = []
      const segments = new SegmentWriter((key, text) => ops.push([key, text]))
      for (const { event, told, run } of records) {
        segments.add(event.seq, event.type, encodeEvent(event, JSON.stringify(event.data), run, told))
        ops.push(...causeRecord(event))
      }
      segments.end()
      return ops
    },
  },
  identity: {
    kinds: [KIND.identity],
    read: each((key, text) => {
      const texts = textsOf(key)
      const [seq, version, revision, told, toldVersion] = decode<Identity>(key, text)
      const versions = { version: version ?? undefined, revision, told, toldVersion: toldVersion ?? undefined }
      const [type = '', identifier = ''] = texts.length === 1 ? ['', ...texts] : texts
      return { type, identifier, seq, ...defined(versions) }
    }),
    write: all(({ type, identifier, ...rest }, rule) => {
      const key = identityKey(rule, type, identifier)
      return [[key, encodeIdentity(key, identityOf(rest))]]
    }),
  },
  state: {
    kinds: [KIND.state],
    read: each((key, text) => {
      const [namespace = '', name = ''] = textsOf(key)
      const { value, revision } = decode<StateRecord>(key, text)
      return { namespace, key: name, value, revision }
    }),
    write: all(({ namespace, key: name, value, revision }) => {
      const key = keys.state(namespace, name)
      return [[key, encode<StateRecord>(key, { value, revision })]]
    }),
  },
  consumer: {
    kinds: [KIND.cursor],
    async read(entries, db) {
      const flights = await db.getMany(entries.map(([key]) => keys.inFlight(nameIn(key))))
      return entries.map(([key, text], i) => {
        const name = nameIn(key)
        const inFlight = decode<readonly number[]>(keys.inFlight(name), flights[i])
        return { name, cursor: decode<CursorRecord>(key, text), ...defined({ inFlight }) }
      })
    },
    write: all(({ name, cursor, inFlight }) => {
      const [key, flight] = [keys.consumer(name), keys.inFlight(name)]
      const ops: Op[] = inFlight === undefined ? [] : [[flight, encode(flight, inFlight)]]
      return [[key, encode(key, cursor)], ...ops]
    }),
  },
  mark: {
    kinds: Object.values(marks).map(([kind]) => kind),
    read: each((key, text) => {
      const kind = (Object.keys(marks) as EventKind[]).find((kind) => key.startsWith(marks[kind][0])) as EventKind
      return { name: nameIn(key), kind, seq: seqOf(key), record: decode<ConsumerRecords[EventKind]>(key, text) }
    }),
    write: all(({ name, kind, seq, record }: PortableMark) => {
      const key = marks[kind][1](name, seq)
      return [[key, encode(key, record)]]
    }),
  },
  slots: {
    kinds: [KIND.claim],
    read: each((key, text) => ({ job: nameIn(key), slots: slotsOf(decode<ClaimRecord>(key, text)) })),
    write: all(({ job, slots }) => {
      const key = keys.claim(job)
      return [[key, encode<ClaimRecord>(key, slots)]]
    }),
  },
  run: {
    kinds: [KIND.run],
    read: each((key, text) => ({ job: nameIn(key), ...runOf(key), ...decode<StoredOutcome>(key, text) })),
    write: all(({ job, slot, attempt, outcome }) => {
      const key = keys.run(job, slot, attempt)
      return [[key, encode<StoredOutcome>(key, defined({ outcome }))]]
    }),
  },
}

/** Yields the records of a kind, in pages. */
export async function* readPortable<K extends PortableKind>(
  db: Database,
  kind: K,
): AsyncGenerator<readonly PortableRecords[K][]> {
  const form: Form<PortableRecords[K]> = forms[kind]
  for (const each of form.kinds)
    for await (const page of pagesOf(db.iterator({ ...startingWith(each), ...READ_AHEAD })))
      yield await form.read(page, db)
}

/** Returns the operations that store records, and their places in the indexes. Events must be neighbours, in order. */
export function writePortable<K extends PortableKind>(
  kind: K,
  records: readonly PortableRecords[K][],
  rule: Meta['identity'],
): readonly Op[] {
  return forms[kind].write(records, rule)
}

function each<T>(read: (key: string, text: string) => T): (entries: Entries) => readonly T[] {
  return (entries) => entries.map(([key, text]) => read(key, text))
}

function all<T>(write: (record: T, rule: Meta['identity']) => readonly Op[]): Form<T>['write'] {
  return (records, rule) => records.flatMap((record) => write(record, rule))
}

function nameIn(key: string): string {
  return textsOf(key)[0] as string
}

function identityOf({
  seq,
  version,
  revision,
  told,
  toldVersion,
}: Omit<PortableRecords['identity'], 'type' | 'identifier'>): Identity {
  if (told !== undefined) {
    const known = [seq, version ?? null, revision ?? 1, told] as const
    return told === 0 ? known : [...known, toldVersion ?? null]
  }
  return version === undefined || seq === FORGOTTEN ? [seq] : [seq, version, revision ?? 1]
}
