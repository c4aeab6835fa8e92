import type { MessageStructureObject } from 'imapflow'
import { cut } from '../shared/wire.ts'
import type { Attachment } from './types.ts'

/** The parts of a message that matter: the text to show, and its files. */
export interface Parts {
  readonly text: MessageStructureObject | undefined
  readonly attachments: readonly Attachment[]
}

/** Parts that are walked, and files that are listed. */
const MOST = { parts: 1000, attachments: 50 }

/** Finds the first plain text, else the first HTML, and the files. What a forwarded message contains is its own. */
export function partsOf(structure: MessageStructureObject | undefined): Parts {
  const attachments: Attachment[] = []
  const texts: MessageStructureObject[] = []
  const left = structure === undefined ? [] : [structure]
  for (let walked = 0; left.length > 0 && walked < MOST.parts; walked++) {
    const node = left.shift() as MessageStructureObject
    const { type, childNodes, disposition, dispositionParameters = {}, parameters = {} } = node
    if (type.startsWith('multipart/')) {
      left.unshift(...(childNodes ?? []))
      continue
    }
    const name = dispositionParameters.filename ?? parameters.name ?? ''
    const isFile = disposition === 'attachment' || name !== '' || !type.startsWith('text/')
    if (!isFile) texts.push(node)
    else if (attachments.length < MOST.attachments) {
      attachments.push({ name: cut(name, 200), type: cut(type, 200), size: node.size ?? 0 })
    }
  }
  const text = texts.find(({ type }) => type === 'text/plain') ?? texts.find(({ type }) => type === 'text/html')
  return { text, attachments }
}

/** The text of a part, up to so many characters: decoded, without the markup of HTML. */
export function textOf(bytes: Buffer, { type, encoding, parameters }: MessageStructureObject, most: number): string {
  const decoded = decode(bytes, encoding?.toLowerCase())
  // A character that was cut in the middle leaves a replacement character.
  const text = charset(parameters?.charset)
    .decode(decoded)
    .replace(/\u{FFFD}$/u, '')
  const plain = type === 'text/html' ? withoutMarkup(text) : text
  return cut(plain.replaceAll('\r\n', '\n').trim(), most)
}

function decode(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'base64') return Buffer.from(bytes.toString('latin1'), 'base64')
  if (encoding !== 'quoted-printable') return bytes
  const unfolded = bytes.toString('latin1').replaceAll(/[ \t]*=[ \t]*\r?\n/g, '')
  return Buffer.from(
    unfolded.replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

function charset(name = 'utf-8'): { decode(bytes: Uint8Array): string } {
  try {
    return new TextDecoder(name)
  } catch {
    return new TextDecoder()
  }
}

const ENTITIES: Readonly<Record<string, string>> = { nbsp: ' ', lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

/** Good enough to read and to search in: the text between the tags, with the commonest entities. */
function withoutMarkup(html: string): string {
  return html
    .replaceAll(/<(script|style|head|title)\b[^]*?(<\/\1\s*>|$)/gi, ' ')
    .replaceAll(/<!--[^]*?(-->|$)/g, ' ')
    .replaceAll(/[ \t\r\n]+/g, ' ')
    .replaceAll(/<(br|\/p|\/div|\/tr|\/li|\/h[1-6])\b[^>]*>/gi, '\n')
    .replaceAll(/<[^>]*>?/g, '')
    .replaceAll(/&(#x?[0-9a-f]{1,6}|[a-z]{2,6});/gi, (whole, name: string) => entity(name.toLowerCase()) ?? whole)
    .replaceAll(/ *\n[ \n]*/g, '\n')
}

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined
  const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined
}
