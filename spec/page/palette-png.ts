import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** The most colours of a palette. */
const COLOURS = 256

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/**
 * A picture of a page as a PNG with a palette: a third of the size, and nearly the same to the eye. A page has few
 * colours; the rest are the edges of letters, which get the nearest of the frequent ones.
 *
 * @param png as a browser writes it: 8 bits of red, green and blue, with or without alpha
 */
export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = pixelsOf(png)
  const counts = new Map<number, number>()
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const palette = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)).slice(0, COLOURS)
  const places = new Map(palette.map((colour, i) => [colour, i]))
  const rows = Buffer.alloc(height * (width + 1))
  for (const [i, colour] of pixels.entries()) {
    let place = places.get(colour)
    if (place === undefined) places.set(colour, (place = nearest(palette, colour)))
    rows[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = place
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits, with a palette, in the only ways there are of compression, filters and order.
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(data.length, 0)
  ends.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
}

function nearest(palette: readonly number[], colour: number): number {
  const distance = (other: number): number =>
    [16, 8, 0].reduce((sum, shift) => sum + (((other >> shift) & 255) - ((colour >> shift) & 255)) ** 2, 0)
  let best = 0
  for (const [i, other] of palette.entries()) if (distance(other) < distance(palette[best] ?? 0)) best = i
  return best
}

interface Pixels {
  readonly width: number
  readonly height: number
  /** From the top left, row by row: 0xrrggbb. */
  readonly pixels: Uint32Array
}

function pixelsOf(png: Buffer): Pixels {
  const parts: Buffer[] = []
  for (let at = SIGNATURE.length; at < png.length; ) {
    const size = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + size))
    at += size + 12
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const bytes = png[25] === 6 ? 4 : 3
  const rows = unfiltered(inflateSync(Buffer.concat(parts)), width * bytes, bytes)
  const pixels = new Uint32Array(width * height)
  for (let i = 0; i < pixels.length; i++) pixels[i] = rows.readUIntBE(i * bytes, 3)
  return { width, height, pixels }
}

/** Undoes the filters of PNG: each row begins with the number of how its bytes differ from their neighbours. */
function unfiltered(data: Buffer, length: number, bytes: number): Buffer {
  const height = data.length / (length + 1)
  const out = Buffer.alloc(length * height)
  for (let y = 0; y < height; y++) {
    const filter = data[y * (length + 1)]
    for (let x = 0; x < length; x++) {
      const at = y * length + x
      const left = x < bytes ? 0 : (out[at - bytes] ?? 0)
      const up = y === 0 ? 0 : (out[at - length] ?? 0)
      const corner = x < bytes || y === 0 ? 0 : (out[at - length - bytes] ?? 0)
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0
      out[at] = (data[y * (length + 1) + 1 + x] ?? 0) + guess
    }
  }
  return out
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}
