import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { BloomFilter, type Layer } from '../format/bloom.ts'

/** The events whose identities an identity filter has. */
export interface Coverage {
  /** The id of the log. */
  readonly log: string
  /** The identities of all events up to this seq are in the filter. */
  readonly seq: number
  /** The checksum of the record of that event. A different one in the log means a different history. */
  readonly check: string
}

/** The file that keeps an identity filter between two openings. It only saves time: a bad file counts as missing. */
export interface IdentityFilterFile {
  /**
   * Reads only the header: the log had events up to there. Undefined when there is no file, or its header has no checksum
   * (written by an earlier version) or a wrong one.
   */
  covers(): Promise<Coverage | undefined>
  /** Reads the whole filter; undefined when the file is missing or damaged. */
  read(): Promise<{ readonly covers: Coverage; readonly bloom: BloomFilter } | undefined>
  /** Replaces the file. */
  write(covers: Coverage, bloom: BloomFilter): Promise<void>
}

interface Header extends Coverage {
  readonly layers: readonly {
    readonly room: number
    readonly keys: number
    readonly bytes: number
    readonly crc: number
  }[]
}

const NAME = 'FILTER'

/**
 * The header is a line of JSON and its checksum, padded with spaces to this many bytes; the words of each layer follow.
 * Earlier versions wrote no checksum.
 */
const HEADER = 4096

export function identityFilterFile(directory: string): IdentityFilterFile {
  const path = join(directory, NAME)
  // A file that can't be read counts as missing.
  const readWith = async <T>(use: (file: FileHandle) => Promise<T>): Promise<T | undefined> => {
    try {
      return await withFile(path, 'r', use)
    } catch {
      return undefined
    }
  }
  return {
    read: () => readWith(readFilter),
    covers: () =>
      readWith(async (file) => {
        const { header, isChecked } = await readHeader(file)
        return isChecked ? { log: header.log, seq: header.seq, check: header.check } : undefined
      }),
    async write(covers, bloom) {
      const fresh = `${path}.new`
      // Never writes through a link.
      await rm(fresh, { force: true })
      await withFile(fresh, 'wx', (file) => writeFilter(file, covers, bloom))
      await rename(fresh, path)
    },
  }
}

export const noIdentityFilterFile: IdentityFilterFile = {
  covers: async () => undefined,
  read: async () => undefined,
  write: async () => undefined,
}

async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function readFilter(file: FileHandle): Promise<{ covers: Coverage; bloom: BloomFilter } | undefined> {
  const { layers, ...covers } = (await readHeader(file)).header
  let at = HEADER
  const found: Layer[] = []
  for (const { room, keys, bytes, crc } of layers) {
    const words = new Uint32Array(bytes / Uint32Array.BYTES_PER_ELEMENT)
    const content = new Uint8Array(words.buffer)
    const { bytesRead } = await file.read(content, 0, bytes, at)
    if (bytesRead !== bytes || crc32(content) !== crc) return undefined
    found.push({ words, room, keys })
    at += bytes
  }
  return found.length === 0 ? undefined : { covers, bloom: new BloomFilter(found) }
}

async function readHeader(file: FileHandle): Promise<{ readonly header: Header; readonly isChecked: boolean }> {
  const head = Buffer.alloc(HEADER)
  await file.read(head, 0, HEADER, 0)
  const [json = '', checksum] = head.toString().split('\n')
  const isChecked = checksum !== undefined
  if (isChecked && crc32(json) !== Number(checksum)) throw new RangeError('the header is damaged')
  return { header: JSON.parse(json) as Header, isChecked }
}

async function writeFilter(file: FileHandle, covers: Coverage, bloom: BloomFilter): Promise<void> {
  const contents = bloom.layers.map(({ words }) => new Uint8Array(words.buffer))
  const header: Header = {
    ...covers,
    layers: bloom.layers.map(({ room, keys }, i) => {
      const content = contents[i] as Uint8Array
      return { room, keys, bytes: content.byteLength, crc: crc32(content) }
    }),
  }
  const json = JSON.stringify(header)
  await file.write(`${json}\n${crc32(json)}`.padEnd(HEADER))
  for (const content of contents) await file.write(content)
}
