import { createHash } from 'node:crypto'
import type { FetchMessageObject, MessageAddressObject, MessageStructureObject } from 'imapflow'
import { cut, identifierOf } from '../shared/wire.ts'
import type { Folder } from './folder.ts'
import { partsOf, textOf } from './text.ts'
import type { Address, Message } from './types.ts'

/** A message and its identifier; without one if nothing in it identifies it. */
export interface Identified {
  readonly identifier: string | undefined
  readonly data: Message
}

/** Characters of text, and bytes to fetch for them: a character takes up to three, and base64 a third more. */
const TEXT = { characters: 8000, bytes: 32 * 1024 }

/** The bytes of the header by which a message without `Message-ID` is known. */
const HEADER_BYTES = 64 * 1024

/** Messages per command. */
const PAGE = 50

/**
 * Fetches messages, oldest first: what identifies them, and the beginning of their text. Those that were deleted meanwhile
 * are left out.
 */
export async function* fetchMessages(
  folder: Folder,
  name: string,
  uids: readonly number[],
): AsyncGenerator<Identified> {
  for (let at = 0; at < uids.length; at += PAGE) {
    const page = uids.slice(at, at + PAGE)
    const query = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true }
    const found = await folder.ask(() => folder.client.fetchAll([...page], query, { uid: true }))
    const nameless = found.filter((one) => messageIdOf(one) === undefined)
    const headers = await fetchPart(folder, nameless, { key: 'HEADER', maxLength: HEADER_BYTES })
    const texts = await fetchTexts(folder, found)
    for (const one of found.toSorted((a, b) => a.uid - b.uid)) {
      if (!page.includes(one.uid)) continue
      yield { identifier: nameOf(one, headers.get(one.uid)), data: messageOf(one, name, texts.get(one.uid) ?? '') }
    }
  }
}

async function fetchTexts(folder: Folder, found: readonly FetchMessageObject[]): Promise<Map<number, string>> {
  const byPart = new Map<string, { one: FetchMessageObject; part: MessageStructureObject }[]>()
  for (const one of found) {
    const { text: part } = partsOf(one.bodyStructure)
    if (part === undefined) continue
    // A message of a single part has no number for it.
    const key = part.part ?? 'TEXT'
    byPart.set(key, [...(byPart.get(key) ?? []), { one, part }])
  }
  const texts = new Map<number, string>()
  for (const [key, messages] of byPart) {
    const fetched = await fetchPart(
      folder,
      messages.map(({ one }) => one),
      { key, maxLength: TEXT.bytes },
    )
    for (const { one, part } of messages) {
      texts.set(one.uid, textOf(fetched.get(one.uid) ?? Buffer.alloc(0), part, TEXT.characters))
    }
  }
  return texts
}

/** Fetches one part of several messages, without marking them as read. */
async function fetchPart(
  folder: Folder,
  messages: readonly FetchMessageObject[],
  part: { readonly key: string; readonly maxLength: number },
): Promise<Map<number, Buffer>> {
  if (messages.length === 0) return new Map()
  const uids = messages.map(({ uid }) => uid)
  const found = await folder.ask(() =>
    folder.client.fetchAll(uids, { uid: true, bodyParts: [{ ...part }] }, { uid: true }),
  )
  return new Map(
    found.map(({ uid, headers, bodyParts }) => {
      const bytes = part.key === 'HEADER' ? headers : bodyParts?.get(part.key.toLowerCase())
      // A server may ignore the limit.
      return [uid, (bytes ?? Buffer.alloc(0)).subarray(0, part.maxLength)]
    }),
  )
}

function messageIdOf({ envelope }: FetchMessageObject): string | undefined {
  const id = envelope?.messageId?.replaceAll(/\s+/g, ' ').trim()
  return id === undefined || /^<?\s*>?$/.test(id) ? undefined : id.toWellFormed()
}

/**
 * The `Message-ID`, which a message keeps when it is moved or renumbered. Without one, a digest of the header, which has
 * the lines of each server on the way and stays the same as well. Undefined if there is neither.
 */
function nameOf(one: FetchMessageObject, header: Buffer | undefined): string | undefined {
  const id = messageIdOf(one)
  if (id !== undefined) return identifierOf(id)
  return header === undefined || header.length === 0 ? undefined : createHash('sha256').update(header).digest('hex')
}

function messageOf(one: FetchMessageObject, folder: string, text: string): Message {
  const { uid, envelope = {}, bodyStructure, internalDate, flags = new Set<string>(), size = 0 } = one
  const [from] = addresses(envelope.from)
  const [date, received] = [iso(envelope.date), iso(internalDate)]
  const messageId = messageIdOf(one)
  return {
    folder,
    uid,
    ...(messageId === undefined ? {} : { messageId: cut(messageId, 1000) }),
    subject: cut(envelope.subject ?? '', 1000),
    ...(from === undefined ? {} : { from }),
    to: addresses(envelope.to),
    ...(date === undefined ? {} : { date }),
    ...(received === undefined ? {} : { received }),
    text,
    attachments: partsOf(bodyStructure).attachments,
    flags: [...flags]
      .slice(0, 50)
      .map((flag) => cut(flag, 100))
      .sort(),
    size,
  }
}

function addresses(given: readonly MessageAddressObject[] = []): Address[] {
  return given
    .slice(0, 20)
    .map(({ name, address }) => ({ name: cut(name || '', 200), address: cut(address || '', 320) }))
}

function iso(date: Date | string | undefined): string | undefined {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined
}
