import type { Folder } from './folder.ts'

/** How far the looks at a folder have come: the state of the job. */
export interface Place {
  /** The account and folder; after a change of the options, numbers mean other messages. */
  readonly of: string
  /** The server's UIDVALIDITY: when it changes, all messages have other numbers. */
  readonly validity: string
  /** Messages below this number were there before, and are never looked at. */
  readonly floor: number
  /** The number that the next message gets. */
  readonly next: number
  /** The numbers in the window that need no second look. */
  readonly seen: readonly number[]
  /** When the folder was looked at last, in ms since the epoch. */
  readonly looked: number
}

/** Numbers below `next` that are looked at again: a message may become visible after one with a higher number. */
const OVERLAP = 100

/** Messages of the last two days are looked at again: dates of IMAP have no time, and servers have zones of their own. */
const RECENT = 2 * 86_400_000

/** Messages at the end of a folder that are looked at when their numbers are unknown. */
const NEWEST = 500

/**
 * Finds the messages to look at, and the place from which to look next time.
 *
 * ```
 *                 floor                 next - 100     next
 *   ───────────────┼──────────────────────┼──────────────┼────────────►  UID
 *     never told   │  of the last 2 days  │     all      │    all
 * ```
 *
 * - The first look takes the newest messages, and those below are never told, however many are deleted above them.
 * - After a change of UIDVALIDITY, numbers say nothing. The look takes what came since two days before the last look, but
 *   no more than the newest 500: a server that was moved may have given the whole folder the date of today.
 * - Numbers decide only what is looked at; identifiers decide which messages are new.
 */
export async function findMessages(
  folder: Folder,
  known: Place | undefined,
  { of, now, backfill }: { readonly of: string; readonly now: number; readonly backfill: number },
): Promise<{ readonly uids: readonly number[]; readonly place: Place }> {
  const { validity, exists } = folder
  const newest = (count: number): string => `${Math.max(1, exists - count + 1)}:*`
  const renumbered = known !== undefined && (known.validity !== validity || known.of !== of)
  // A clock that was ahead must not hide messages.
  const since = new Date(Math.min(known?.looked ?? now, now) - RECENT)
  let window: number[]
  if (exists === 0) window = []
  else if (known === undefined) window = await folder.search({ seq: newest(Math.max(NEWEST, backfill)) })
  else if (renumbered) window = await folder.search({ seq: newest(NEWEST), since })
  else {
    const recent = { or: [{ uid: `${Math.max(known.floor, known.next - OVERLAP)}:*` }, { since }] }
    // The range 7:* includes the last message, even if its number is 5.
    window = (await folder.search({ uid: `${known.floor}:*`, ...recent })).filter((uid) => uid >= known.floor)
  }
  const next = Math.max(folder.next ?? 1, (window.at(-1) ?? 0) + 1, renumbered ? 0 : (known?.next ?? 0))
  const floor = known === undefined ? (window[0] ?? next) : renumbered ? next : known.floor
  const seen = new Set(renumbered ? [] : known?.seen)
  return {
    uids: window.filter((uid) => !seen.has(uid)),
    place: { of, validity, floor, next, seen: window.filter((uid) => uid >= floor), looked: now },
  }
}
