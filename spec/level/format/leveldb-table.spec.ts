import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { crc32c } from '../../../lib/level/format/crc32c.ts'
import { decompressSnappy } from '../../../lib/level/format/leveldb-bytes.ts'
import { readJournal } from '../../../lib/level/format/leveldb-journal.ts'
import { checkTable, type Entry, tableEntries } from '../../../lib/level/format/leveldb-table.ts'
import { batchesOf, readListing } from '../../../lib/level/store/check-files.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** Returns the file that LevelDB made of these writes: a table, or its log file. */
async function written(
  t: TestContext,
  texts: readonly string[],
  where: 'ldb' | 'log',
  compression = true,
): Promise<Buffer> {
  const directory = temporaryDirectory(t)
  const db = new ClassicLevel(directory, { compression })
  for (const [n, text] of texts.entries()) await db.put(`key ${n}`, text)
  await db.del('key 0')
  if (where === 'ldb') await db.compactRange('', 'z')
  await db.close()
  const name = readdirSync(directory).filter((each) => each.endsWith(`.${where}`))
  return readFileSync(join(directory, name[0] as string))
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Some texts that LevelDB can compress, and some that it can't. */
const texts = Array.from({ length: 60 }, (_, n) =>
  n % 2 === 0 ? `${n} `.repeat(n) : randomBytes(3 * n).toString('base64'),
)

describe('CRC-32C', () => {
  it('matches the standard, over any part of any length', () => {
    // Appendix B.4 of RFC 3720.
    const cases: readonly (readonly [Buffer, number])[] = [
      [Buffer.alloc(32), 0x8a9136aa],
      [Buffer.alloc(32, 0xff), 0x62a8ab43],
      [Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
      [Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
      [Buffer.from('123456789'), 0xe3069283],
    ]
    for (const [bytes, expected] of cases) {
      assert.equal(crc32c(bytes, 0, bytes.length), expected)
      const within = Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('d')])
      assert.equal(crc32c(within, 3, 3 + bytes.length), expected)
    }
  })
})

describe('a table of LevelDB', () => {
  it('is read as LevelDB wrote it, compressed or not', async (t) => {
    for (const compression of [true, false]) {
      const bytes = await written(t, texts, 'ldb', compression)
      assert.deepEqual(checkTable(bytes), [])
      const found = new Map<string, Entry>()
      for (const entry of [...tableEntries(bytes)].reverse()) found.set(entry.key.toString(), entry)
      for (const [n, text] of texts.entries()) {
        if (n === 0) continue
        assert.equal(hash(String(found.get(`key ${n}`)?.value)), hash(text), `key ${n}`)
        assert.equal(found.get(`key ${n}`)?.sequence, n + 1)
      }
      assert.notEqual(found.get('key 0')?.deleted, false)
    }
  })

  it('has no bit that can flip unnoticed, except those without meaning', async (t) => {
    for (const compression of [true, false]) {
      const bytes = await written(t, texts.slice(0, 8), 'ldb', compression)
      const whole = [...tableEntries(bytes)]
      for (let at = 0; at < bytes.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          bytes[at] = (bytes[at] as number) ^ (1 << bit)
          if (checkTable(bytes).length === 0) {
            // The zeros that pad the footer, or a longer form of a number.
            assert(at >= bytes.length - 48, `bit ${bit} of byte ${at}`)
            assert.deepEqual([...tableEntries(bytes)], whole)
          }
          bytes[at] = (bytes[at] as number) ^ (1 << bit)
        }
      }
    }
  })

  it('is reported when it is cut off or a different one', async (t) => {
    const bytes = await written(t, texts, 'ldb')
    for (let length = 0; length < bytes.length; length += 7)
      assert(checkTable(bytes.subarray(0, length)).length > 0, String(length))
    const keys = Array.from(tableEntries(bytes), ({ key }) => key)
    const [smallest, largest] = [keys[0] as Buffer, keys.at(-1) as Buffer]
    assert.equal(checkTable(bytes, { smallest, largest }).length, 1)
  })

  it('of random bytes is reported without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
        const magic = Buffer.from('57fb808b247547db', 'hex')
        for (const bytes of [Buffer.from(any), Buffer.concat([any, magic])]) {
          assert(checkTable(bytes).length > 0)
          assert.deepEqual([...tableEntries(bytes)], [])
        }
      }),
    )
  })
})

describe('a block compressed with snappy', () => {
  it('of random bytes is rejected or read, within bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (any) => {
        try {
          decompressSnappy(Buffer.from(any))
        } catch (error) {
          assert(error instanceof RangeError, String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a log file of LevelDB', () => {
  it('is read as it was written, across the ends of its blocks', async (t) => {
    const long = Array.from({ length: 40 }, (_, n) => randomBytes(1 + 1000 * n).toString('base64'))
    const batches = batchesOf(await written(t, long, 'log'))
    assert.deepEqual(
      batches.map(({ first, last }) => [first, last]),
      Array.from({ length: 41 }, (_, n) => [n + 1, n + 1]),
    )
    assert.deepEqual(
      batches.map(({ writes }) => writes.map(([key, value]) => [String(key), value && hash(String(value))])),
      [...long.map((text, n) => [[`key ${n}`, hash(text)]]), [['key 0', undefined]]],
    )
  })

  it('ends where it is cut off, and reports damage that does not look like an end', async (t) => {
    const bytes = await written(t, texts, 'log')
    const all = readJournal(bytes).records.length
    for (let length = 0; length < bytes.length; length += 13) {
      const { records, bad } = readJournal(bytes.subarray(0, length))
      assert(bad === undefined && records.length < all)
    }
    assert.deepEqual(readJournal(Buffer.concat([bytes, Buffer.alloc(100)])), readJournal(bytes))
    for (let at = 0; at < bytes.length; at += 5) {
      const other = Buffer.from(bytes)
      other[at] = (other[at] as number) ^ 1
      const { records, bad } = readJournal(other)
      assert(records.length < all && (bad !== undefined || other.length - at < 40_000))
    }
  })

  it('is named by the MANIFEST, with the tables', async (t) => {
    const directory = temporaryDirectory(t)
    const db = new ClassicLevel(directory)
    for (let i = 0; i < 3; i++) {
      await db.put(`${i}`, texts.join(' '))
      await db.compactRange('', 'z')
    }
    await db.close()
    const { tables, log, sequence, comparator } = await readListing(directory)
    const names = readdirSync(directory)
    const number = (name: string): number => Number.parseInt(name, 10)
    const inOrder = (numbers: Iterable<number>): number[] => [...numbers].sort((one, other) => one - other)
    assert.deepEqual(inOrder(tables.keys()), inOrder(names.filter((name) => name.endsWith('.ldb')).map(number)))
    assert(names.some((name) => name.endsWith('.log') && number(name) === log))
    assert.equal(sequence, 3)
    assert.equal(comparator, 'leveldb.BytewiseComparator')
  })
})
