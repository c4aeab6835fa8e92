import { maskedCrc32c } from './crc32c.ts'
import { ByteReader, decompressSnappy } from './leveldb-bytes.ts'

/**
 * A table of LevelDB, a file `000123.ldb`: records in the order of their keys. A table never changes.
 *
 * ```
 *   file     | data block | … | data block | filter block | metaindex block | index block | footer |
 *   block    | contents | type: 1 byte, 0 raw, 1 snappy | CRC-32C of contents and type, masked: 4 bytes |
 *   contents | entry | … | entry | offsets of some entries: 4 bytes each | their number: 4 bytes |
 *   entry    | shared: varint | own: varint | length: varint | the key from `shared` on: `own` bytes | value |
 *   footer   | handle of the metaindex | handle of the index | zeros up to 40 bytes | MAGIC: 8 bytes |
 *   handle   | offset: varint | size without type and checksum: varint |
 * ```
 *
 * An entry's key is that of the record and 8 bytes more: `sequence << 8 | (1: put, 0: deleted)`. Index and metaindex are
 * blocks whose values are handles. LevelDB verifies checksums only on request, and classic-level can't request it.
 *
 * Source: doc/table_format.md of LevelDB.
 */
const MAGIC = 0xdb4775248b80fb57n

const FOOTER = 48

/** The length of type and checksum, which follow the contents of a block. */
const TRAILER = 5

/** The place of a block, in bytes. */
interface Handle {
  readonly offset: number
  readonly size: number
}

/** One entry of a table. */
export interface Entry {
  /** The key of the record. */
  readonly key: Buffer
  /** The number of the write. */
  readonly sequence: number
  /** The record was deleted, and the entry has no value. */
  readonly deleted: boolean
  readonly value: Buffer
}

/** The first and the last key of a table, in LevelDB's internal form. */
export interface Bounds {
  readonly smallest: Buffer
  readonly largest: Buffer
}

/** A damaged block, or another part of a table that is wrong. */
export interface BadBlock {
  /** Where it begins, in bytes. */
  readonly offset: number
  /** What is wrong with it. */
  readonly message: string
}

/**
 * Checks every byte of a table: each block matches its checksum, and the blocks fill the file without a gap. With
 * `bounds`, also that the table begins and ends with these keys. Returns what is wrong; empty when the table is sound.
 */
export function checkTable(bytes: Buffer, bounds?: Bounds): BadBlock[] {
  const bad: BadBlock[] = []
  const blocks = blocksOf(bytes, bad)
  if (blocks === undefined) return bad
  let end = 0
  for (const { offset, size } of blocks.data) {
    if (offset !== end) bad.push({ offset, message: 'a block does not begin where the one before it ends' })
    end = offset + size + TRAILER
    if (!isSound(bytes, { offset, size })) bad.push({ offset, message: 'a block does not match its checksum' })
  }
  for (const { offset, size } of [...blocks.others].sort((a, b) => a.offset - b.offset)) {
    if (offset !== end) bad.push({ offset, message: 'a block does not begin where the one before it ends' })
    end = offset + size + TRAILER
  }
  if (end !== bytes.length - FOOTER) bad.push({ offset: end, message: 'the file has bytes that belong to no block' })
  if (bad.length === 0 && bounds !== undefined && !hasBounds(bytes, blocks.data, bounds))
    bad.push({ offset: 0, message: 'it is a different table: it begins or ends with another key' })
  return bad
}

/** Yields the entries of all readable blocks, in the order of their keys, the newest of each first. */
export function* tableEntries(bytes: Buffer): Generator<Entry> {
  for (const handle of blocksOf(bytes, [])?.data ?? []) {
    if (!isSound(bytes, handle)) continue
    for (const [key, value] of entriesOf(contentsOf(bytes, handle))) yield entry(key, value)
  }
}

function entry(internal: Buffer, value: Buffer): Entry {
  const end = internal.length - 8
  const low = internal.readUInt32LE(end)
  const sequence = internal.readUInt32LE(end + 4) * 2 ** 24 + (low >>> 8)
  return { key: internal.subarray(0, end), sequence, deleted: (low & 0xff) === 0, value }
}

/** Returns the data blocks and all others; undefined when the index can't be read. Adds what is wrong to `bad`. */
function blocksOf(bytes: Buffer, bad: BadBlock[]): { data: readonly Handle[]; others: readonly Handle[] } | undefined {
  const footer = bytes.length - FOOTER
  if (footer < 0 || bytes.readBigUInt64LE(bytes.length - 8) !== MAGIC) {
    bad.push({ offset: Math.max(0, footer), message: 'it is not a table, or is cut off' })
    return undefined
  }
  try {
    const reader = new ByteReader(bytes, footer, bytes.length - 8)
    const [metaindex, index] = [handle(reader), handle(reader)]
    const at = { metaindex: handlesIn(bytes, metaindex), index: handlesIn(bytes, index) }
    for (const each of at.metaindex)
      if (!isSound(bytes, each))
        bad.push({ offset: each.offset, message: 'the filter block does not match its checksum' })
    return { data: at.index, others: [...at.metaindex, metaindex, index] }
  } catch (error) {
    bad.push({ offset: footer, message: `its index can't be read: ${(error as Error).message}` })
    return undefined
  }
}

function handlesIn(bytes: Buffer, block: Handle): Handle[] {
  if (!isSound(bytes, block)) throw new RangeError(`the block at ${block.offset} does not match its checksum`)
  return Array.from(entriesOf(contentsOf(bytes, block)), ([, value]) => handle(new ByteReader(value)))
}

function handle(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() }
}

function isSound(bytes: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size + 1
  return end + 4 <= bytes.length && maskedCrc32c(bytes, offset, end) === bytes.readUInt32LE(end)
}

function contentsOf(bytes: Buffer, { offset, size }: Handle): Buffer {
  const raw = bytes.subarray(offset, offset + size)
  return bytes[offset + size] === 1 ? decompressSnappy(raw) : raw
}

function* entriesOf(contents: Buffer): Generator<[key: Buffer, value: Buffer]> {
  const restarts = contents.readUInt32LE(contents.length - 4)
  const reader = new ByteReader(contents, 0, contents.length - 4 - 4 * restarts)
  let before: Buffer = Buffer.alloc(0)
  while (!reader.done) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()]
    if (shared > before.length) throw new RangeError('a key shares more than the key before it has')
    const key = Buffer.concat([before.subarray(0, shared), reader.take(own)])
    yield [key, reader.take(length)]
    before = key
  }
}

function hasBounds(bytes: Buffer, data: readonly Handle[], { smallest, largest }: Bounds): boolean {
  const [first, last] = [data[0], data.at(-1)]
  if (first === undefined || last === undefined) return false
  const [begin] = entriesOf(contentsOf(bytes, first)).next().value as [Buffer, Buffer]
  let end = begin
  for (const [key] of entriesOf(contentsOf(bytes, last))) end = key
  return begin.equals(smallest) && end.equals(largest)
}
