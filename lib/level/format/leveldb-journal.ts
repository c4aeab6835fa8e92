import { maskedCrc32c } from './crc32c.ts'
import { ByteReader } from './leveldb-bytes.ts'

/**
 * What LevelDB only ever appends to: its log files (`000123.log`, a batch of writes a record) and its MANIFEST (an edit of the
 * list of tables a record).
 *
 * ```
 *   file     | block of 32 KiB | … | block, as far as it is written |
 *   block    | part | … | part | zeros, where less than a header has room |
 *   part     | CRC-32C of type and bytes, masked: 4 bytes | length: 2 bytes | type: 1 byte | bytes |
 *   record   a whole part (type 1), or a first (2), middle ones (3) and a last (4)
 * ```
 *
 * Source: doc/log_format.md of LevelDB.
 */
const BLOCK = 32 * 1024
const HEADER = 7

const WHOLE = 1
const FIRST = 2
const LAST = 4

/** The records of such a file, up to the first one that can't be read. */
export interface Journal {
  readonly records: readonly Buffer[]
  /** Where the last of them ends. */
  readonly end: number
  /**
   * Where a part is that is there in full and is not what was written. Not given when the file just ends in the middle
   * of one, which is how it looks when a process or machine died while it wrote.
   */
  readonly bad?: number
}

export function readJournal(bytes: Buffer): Journal {
  const records: Buffer[] = []
  let parts: Buffer[] = []
  let end = 0
  for (let at = 0; at < bytes.length; ) {
    const room = BLOCK - (at % BLOCK)
    if (room < HEADER) {
      at += room
      continue
    }
    // Zeros are where the system has made a file longer that was never written.
    if (at + HEADER > bytes.length || bytes.subarray(at).every((byte) => byte === 0)) break
    const length = bytes.readUInt16LE(at + 4)
    const type = bytes[at + 6] as number
    const next = at + HEADER + length
    if (HEADER + length > room || type < WHOLE || type > LAST) return { records, end, bad: at }
    if (next > bytes.length) break
    const begins = type === WHOLE || type === FIRST
    if (maskedCrc32c(bytes, at + 6, next) !== bytes.readUInt32LE(at) || begins !== (parts.length === 0))
      return { records, end, bad: at }
    parts.push(bytes.subarray(at + HEADER, next))
    at = next
    if (type !== WHOLE && type !== LAST) continue
    records.push(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
    parts = []
    end = at
  }
  return { records, end }
}

/** Writes that took place in one step: the first has the sequence `first`, the last `last`. */
export interface Batch {
  readonly first: number
  readonly last: number
  /** What was put or, without a value, deleted. */
  readonly writes: readonly (readonly [key: Buffer, value: Buffer | undefined])[]
}

/** A record of a log file: sequence, 8 bytes; how many, 4 bytes; each a type (1: put, 0: delete), a key and a value. */
export function readBatch(record: Buffer): Batch {
  const reader = new ByteReader(record)
  const first = Number(reader.take(8).readBigUInt64LE())
  const count = reader.take(4).readUInt32LE()
  const writes: [Buffer, Buffer | undefined][] = []
  while (!reader.done) writes.push(reader.byte() === 1 ? [reader.text(), reader.text()] : [reader.text(), undefined])
  if (writes.length !== count) throw new RangeError(`${count} writes are expected, there are ${writes.length}`)
  return { first, last: first + count - 1, writes }
}

/** A table that the MANIFEST lists: its size in bytes, and between which keys of LevelDB's own its records lie. */
export interface Listed {
  readonly size: number
  readonly smallest: Buffer
  readonly largest: Buffer
}

/**
 * What a MANIFEST says: how keys are compared, from which log file on there are writes that are in no table, what the next file
 * is called, the highest sequence when it was written, and the tables by their numbers.
 */
export interface Manifest {
  readonly comparator: string | undefined
  readonly log: number
  readonly next: number
  readonly sequence: number
  readonly tables: ReadonlyMap<number, Listed>
}

/**
 * A record is an edit: fields, each a tag and what it has. Later edits overrule earlier ones.
 *
 * @throws RangeError for what is no edit, or when there is none
 */
export function readManifest(records: readonly Buffer[]): Manifest {
  const tables = new Map<number, Listed>()
  let comparator: string | undefined
  const numbers: Partial<Record<'log' | 'next' | 'sequence', number>> = {}
  for (const record of records) {
    const gone: number[] = []
    const added: [number, Listed][] = []
    for (const reader = new ByteReader(record); !reader.done; ) {
      const tag = reader.varint()
      if (tag === 1) comparator = reader.text().toString()
      else if (tag === 2) numbers.log = reader.varint()
      else if (tag === 3) numbers.next = reader.varint()
      else if (tag === 4) numbers.sequence = reader.varint()
      else if (tag === 5) void [reader.varint(), reader.text()]
      else if (tag === 6) gone.push((reader.varint(), reader.varint()))
      else if (tag === 7) added.push(listed(reader))
      else if (tag === 9) reader.varint()
      else throw new RangeError(`an edit has a field ${tag}, which there is not`)
    }
    // A table that moves to another level is deleted and added in one edit.
    for (const number of gone) tables.delete(number)
    for (const [number, table] of added) tables.set(number, table)
  }
  const { log, next, sequence } = numbers
  if (log === undefined || next === undefined || sequence === undefined) throw new RangeError('it ends too early')
  return { comparator, log, next, sequence, tables }
}

function listed(reader: ByteReader): [number, Listed] {
  reader.varint()
  return [reader.varint(), { size: reader.varint(), smallest: reader.text(), largest: reader.text() }]
}
