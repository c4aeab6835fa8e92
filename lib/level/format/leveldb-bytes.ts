/** Reads LevelDB's numbers and strings, one after another. Past the end, or what is no number, is an error. */
export class ByteReader {
  readonly bytes: Buffer
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

  /** Seven bits a byte, the lowest first; the highest bit of a byte tells that another one follows. */
  varint(): number {
    let number = 0
    for (let factor = 1; factor < 2 ** 64; factor *= 128) {
      const byte = this.byte()
      number += (byte & 127) * factor
      if (byte < 128) return number
    }
    throw new RangeError('a number is longer than 64 bits')
  }

  /** A length, and so many bytes. */
  text(): Buffer {
    return this.take(this.varint())
  }

  take(length: number): Buffer {
    this.#need(length)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  #need(length: number): void {
    if (this.at + length > this.#end)
      throw new RangeError(`${length} bytes are expected at ${this.at}, it ends at ${this.#end}`)
  }
}

/** What snappy has made smaller, as it was. */
export function unsnap(bytes: Buffer): Buffer {
  const reader = new ByteReader(bytes)
  const length = reader.varint()
  // Snappy never makes anything more than 64 times smaller: a longer length is damage, and no memory is taken for it.
  if (length > 64 * bytes.length) throw new RangeError(`${bytes.length} bytes can't have been ${length}`)
  const out = Buffer.alloc(length)
  let at = 0
  while (!reader.done) {
    const tag = reader.byte()
    if ((tag & 3) === 0) {
      const literal = reader.take(1 + (tag >> 2 < 60 ? tag >> 2 : little(reader, (tag >> 2) - 59)))
      if (at + literal.length > length) throw new RangeError('more bytes than there were')
      literal.copy(out, at)
      at += literal.length
      continue
    }
    const isShort = (tag & 3) === 1
    const count = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const back = isShort ? ((tag >> 5) << 8) | reader.byte() : little(reader, (tag & 3) === 2 ? 2 : 4)
    if (back === 0 || back > at || at + count > length) throw new RangeError('a copy of bytes that are not there')
    // Byte by byte: it may overlap itself.
    for (let i = 0; i < count; i++, at++) out[at] = out[at - back] as number
  }
  if (at !== length) throw new RangeError(`${length} bytes are expected, there are ${at}`)
  return out
}

function little(reader: ByteReader, bytes: number): number {
  return reader.take(bytes).readUIntLE(0, bytes)
}
