import { maskedCrc32c } from './crc32c.ts'
import { ByteReader } from './leveldb-bytes.ts'

/**
 * The files that LevelDB only appends to: its log files (`000123.log`, where a record is a batch of writes) and its MANIFEST
 * (where a record is an edit of the list of tables).
 *
 * ```
 *   file     | block of 32 KiB | … | block, as far as it was written |
 *   block    | part | … | part | zeros, where a header does not fit |
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

/** The contents of such a file, up to the first record that can't be read. */
export interface Journal {
  readonly records: readonly Buffer[]
  /** The offset at which the last record ends. */
  readonly end: number
  /**
   * The offset of a part that is complete but damaged. Absent when the file ends in the middle of a part, which is normal
   * after the process or machine died during a write.
   */
  readonly bad?: number
}

/** Reads the records of such a file. */

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
    // The system has extended the file with zeros, and nothing was written there.
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

/** The writes of one atomic step. */
export interface Batch {
  /** The sequence of the first write. */
  readonly first: number
  /** The sequence of the last write. */
  readonly last: number
  /** Each put or, without a value, deleted a key. */
  readonly writes: readonly (readonly [key: Buffer, value: Buffer | undefined])[]
}

/**
 * Reads a record of a log file: the sequence in 8 bytes, the number of writes in 4; each write has a type (1: put, 0:
 * delete), a key and a value.
 *
 * @throws RangeError
 */
export function readBatch(record: Buffer): Batch {
  const reader = new ByteReader(record)
  const first = Number(reader.take(8).readBigUInt64LE())
  const count = reader.take(4).readUInt32LE()
  const writes: [Buffer, Buffer | undefined][] = []
  while (!reader.done)
    writes.push(
      reader.byte() === 1 ? [reader.lengthAndBytes(), reader.lengthAndBytes()] : [reader.lengthAndBytes(), undefined],
    )
  if (writes.length !== count) throw new RangeError(`expected ${count} writes, got ${writes.length}`)
  return { first, last: first + count - 1, writes }
}

/** A table that the MANIFEST lists. */
export interface ListedTable {
  /** Its size, in bytes. */
  readonly size: number
  /** The smallest key, in LevelDB's internal form. */
  readonly smallest: Buffer
  /** The largest key, in LevelDB's internal form. */
  readonly largest: Buffer
}

/** The contents of a MANIFEST. */
export interface Manifest {
  /** The name of the order of keys. */
  readonly comparator: string | undefined
  /** The number of the first log file whose writes are in no table. */
  readonly log: number
  /** The number of the next file. */
  readonly next: number
  /** The highest sequence when the MANIFEST was written. */
  readonly sequence: number
  /** The tables, by their numbers. */
  readonly tables: ReadonlyMap<number, ListedTable>
}

/**
 * Reads a MANIFEST. A record is an edit: fields, each with a tag and its contents. Later edits overrule earlier ones.
 *
 * @throws RangeError for an invalid edit, or a MANIFEST without any
 */
export function readManifest(records: readonly Buffer[]): Manifest {
  const tables = new Map<number, ListedTable>()
  let comparator: string | undefined
  const numbers: Partial<Record<'log' | 'next' | 'sequence', number>> = {}
  for (const record of records) {
    const gone: number[] = []
    const added: [number, ListedTable][] = []
    for (const reader = new ByteReader(record); !reader.done; ) {
      const tag = reader.varint()
      if (tag === 1) comparator = reader.lengthAndBytes().toString()
      else if (tag === 2) numbers.log = reader.varint()
      else if (tag === 3) numbers.next = reader.varint()
      else if (tag === 4) numbers.sequence = reader.varint()
      else if (tag === 5) void [reader.varint(), reader.lengthAndBytes()]
      else if (tag === 6) gone.push((reader.varint(), reader.varint()))
      else if (tag === 7) added.push(listed(reader))
      else if (tag === 9) reader.varint()
      else throw new RangeError(`an edit has an unknown field ${tag}`)
    }
    // One edit deletes and adds a table that moves to another level.
    for (const number of gone) tables.delete(number)
    for (const [number, table] of added) tables.set(number, table)
  }
  const { log, next, sequence } = numbers
  if (log === undefined || next === undefined || sequence === undefined) throw new RangeError('it has no complete edit')
  return { comparator, log, next, sequence, tables }
}

function listed(reader: ByteReader): [number, ListedTable] {
  reader.varint()
  return [
    reader.varint(),
    { size: reader.varint(), smallest: reader.lengthAndBytes(), largest: reader.lengthAndBytes() },
  ]
}
