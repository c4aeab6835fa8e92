/** Reads LevelDB's numbers and strings, one after another. Throws a RangeError past the end and for an invalid number. */
export class ByteReader {
  readonly bytes: Buffer
  /** The position of the next byte. */
  at: number
  readonly #end: number

  constructor(bytes: Buffer, from = 0, to = bytes.length) {
    this.bytes = bytes
    this.at = from
    this.#end = to
  }

  get done(): boolean {
    return this.at >= this.#end
  }

  byte(): number {
    this.#need(1)
    return this.bytes[this.at++] as number
  }

  /** Reads seven bits from each byte, the lowest first; the highest bit of a byte means that another one follows. */
  varint(): number {
    let number = 0
    for (let factor = 1; factor < 2 ** 64; factor *= 128) {
      const byte = this.byte()
      number += (byte & 127) * factor
      if (byte < 128) return number
    }
    throw new RangeError('a number is longer than 64 bits')
  }

  /** Reads a length and that many bytes. */
  lengthAndBytes(): Buffer {
    return this.take(this.varint())
  }

  take(length: number): Buffer {
    this.#need(length)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  #need(length: number): void {
    if (this.at + length > this.#end)
      throw new RangeError(`expected ${length} bytes at ${this.at}, but the data ends at ${this.#end}`)
  }
}

/** Decompresses a block that LevelDB compressed with snappy. */
export function decompressSnappy(bytes: Buffer): Buffer {
  const reader = new ByteReader(bytes)
  const length = reader.varint()
  // Snappy compresses to no less than 1/64. A greater length is damage, and must not allocate memory.
  if (length > 64 * bytes.length) throw new RangeError(`${bytes.length} bytes can't decompress to ${length}`)
  const out = Buffer.alloc(length)
  let at = 0
  while (!reader.done) {
    const tag = reader.byte()
    if ((tag & 3) === 0) {
      const literal = reader.take(1 + (tag >> 2 < 60 ? tag >> 2 : little(reader, (tag >> 2) - 59)))
      if (at + literal.length > length) throw new RangeError('a literal is longer than the block')
      literal.copy(out, at)
      at += literal.length
      continue
    }
    const isShort = (tag & 3) === 1
    const count = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const back = isShort ? ((tag >> 5) << 8) | reader.byte() : little(reader, (tag & 3) === 2 ? 2 : 4)
    if (back === 0 || back > at || at + count > length) throw new RangeError('a copy refers to bytes outside the block')
    // Byte by byte: a copy may overlap itself.
    for (let i = 0; i < count; i++, at++) out[at] = out[at - back] as number
  }
  if (at !== length) throw new RangeError(`expected ${length} bytes, got ${at}`)
  return out
}

function little(reader: ByteReader, bytes: number): number {
  return reader.take(bytes).readUIntLE(0, bytes)
}
