/** The data of the events that the filters see. `n` may be absent. */
export interface Data {
  readonly key: string
  readonly n?: number
}

/** One filter with a memory, in a form that both sides of the comparison can read. Times in seconds. */
export type Stage =
  | { readonly is: 'changed'; readonly per: boolean }
  | { readonly is: 'crossed'; readonly per: boolean; readonly direction?: 'up' | 'down'; readonly band: number }
  | { readonly is: 'firstPer'; readonly every: number }
  | { readonly is: 'countWithin'; readonly per: boolean; readonly n: number; readonly window: number }
  | { readonly is: 'settled'; readonly per: boolean; readonly duration: number }
  | {
      readonly is: 'digest'
      readonly per: boolean
      readonly size?: number
      readonly every?: number
      readonly round?: number
    }

/** The level of `crossed`. */
export const LEVEL = 2

/** An event as a stage sees it, at a time in ms. */
interface Seen {
  readonly seq: number
  readonly at: number
  readonly data: Data
}

/** A moment at which everything that was due was decided, in ms: the clock was looked at, and no event was left. */
interface Mark {
  readonly mark: number
}

/** What a stage reads, and what it passes on. */
export type Entry = Seen | Mark

/** What became of the events: the seqs of each delivery, and those that still wait. */
export interface Fates {
  readonly passed: readonly (readonly number[])[]
  readonly open: readonly number[]
}

const SECOND = 1000
const isMark = (entry: Entry): entry is Mark => 'mark' in entry
const keyOf = (stage: Stage, { key }: Data): string => ('per' in stage && !stage.per ? '' : key)

/** Whether a stage decides about an event at once, by what it remembers of the events before. */
type Simple = Exclude<Stage, { is: 'settled' | 'digest' }>
type Test = (before: readonly Seen[], now: Seen, passed: readonly Seen[]) => boolean

/** Each rule, as one would say it: from all earlier events of the key, and from those of them that passed. */
function testOf(stage: Simple): Test {
  switch (stage.is) {
    case 'changed':
      return (_, { data: { n } }, passed) => n !== undefined && n !== passed.at(-1)?.data.n
    case 'crossed':
      return (before, { data }) => {
        const sides = [...before, { data }]
          .map(({ data: { n } }) => sideOf(stage.band, n))
          .filter((side) => side !== '')
        const [last, now] = sides.slice(-2)
        const decides = sideOf(stage.band, data.n) !== ''
        return decides && now !== undefined && now !== last && (stage.direction ?? now) === now
      }
    case 'firstPer':
      // Kept back since the one that passed, or since the clock showed less than that.
      return (before, { at }, passed) => {
        const last = passed.at(-1)
        if (last === undefined) return true
        const since = Math.min(last.at, ...before.slice(before.indexOf(last)).map((each) => each.at))
        return at >= since + stage.every * SECOND
      }
    case 'countWithin':
      // A time later than one that follows comes from a wrong clock: it counts as that.
      return (before, now, passed) => {
        const last = passed.at(-1)
        const counted = [...(last === undefined ? before : before.slice(before.indexOf(last) + 1)), now]
        let recent: number[] = []
        for (const { at } of counted)
          recent = [...recent.map((each) => Math.min(each, at)).filter((each) => each > at - stage.window * SECOND), at]
        return recent.length >= stage.n
      }
  }
}

function sideOf(band: number, n: number | undefined): 'up' | 'down' | '' {
  if (n === undefined) return ''
  return n >= LEVEL + band ? 'up' : n < LEVEL - band ? 'down' : ''
}

function simple(stage: Simple, entries: readonly Entry[]): Entry[] {
  const test = testOf(stage)
  const seen = new Map<string, { all: Seen[]; passed: Seen[] }>()
  return entries.filter((entry) => {
    if (isMark(entry)) return true
    const key = keyOf(stage, entry.data)
    const { all, passed } = seen.get(key) ?? { all: [], passed: [] }
    seen.set(key, { all, passed })
    const passes = test(all, entry, passed)
    all.push(entry)
    if (passes) passed.push(entry)
    return passes
  })
}

function settle(
  stage: Extract<Stage, { is: 'settled' }>,
  entries: readonly Entry[],
): { entries: Entry[]; open: number[] } {
  const present = new Map<string, { readonly first: Seen; waits: boolean }>()
  const out: Entry[] = []
  const pass = (each: { readonly first: Seen; waits: boolean } | undefined, now: number): void => {
    const due = (each?.first.at ?? 0) + stage.duration * SECOND
    if (each === undefined || !each.waits || now < due) return
    each.waits = false
    out.push({ ...each.first, at: due })
  }
  for (const entry of entries) {
    if (isMark(entry)) {
      for (const each of present.values()) pass(each, entry.mark)
      out.push(entry)
    } else if (entry.data.n !== undefined) {
      const key = keyOf(stage, entry.data)
      const known = present.get(key)
      pass(known, entry.at)
      if (known?.first.data.n !== entry.data.n) present.set(key, { first: entry, waits: true })
    }
  }
  // What passed at another stage's end comes there in order of time; with marks in between, there is no stage behind.
  if (entries.filter(isMark).length === 1)
    out.sort((a, b) => (isMark(a) ? 1 : isMark(b) ? -1 : a.at - b.at || a.seq - b.seq))
  return { entries: out, open: [...present.values()].filter(({ waits }) => waits).map(({ first }) => first.seq) }
}

function collect(stage: Extract<Stage, { is: 'digest' }>, entries: readonly Entry[]): Fates {
  const open = new Map<string, { readonly seqs: number[]; readonly due: number }>()
  const passed: number[][] = []
  const dueOf = (at: number): number =>
    Math.min(
      stage.every === undefined ? Number.POSITIVE_INFINITY : at + stage.every * SECOND,
      stage.round === undefined ? Number.POSITIVE_INFINITY : roundAfter(at, stage.round),
    )
  const close = (key: string): void => {
    passed.push(open.get(key)?.seqs ?? [])
    open.delete(key)
  }
  for (const entry of entries) {
    const now = isMark(entry) ? entry.mark : entry.at
    for (const [key, { due }] of open) if (now >= due && (isMark(entry) || key === keyOf(stage, entry.data))) close(key)
    if (isMark(entry)) continue
    const key = keyOf(stage, entry.data)
    const batch = open.get(key) ?? { seqs: [], due: dueOf(now) }
    open.set(key, batch)
    batch.seqs.push(entry.seq)
    if (batch.seqs.length === stage.size) close(key)
  }
  return { passed, open: [...open.values()].map(({ seqs }) => seqs[0] as number) }
}

/** The first multiple of so many seconds after a time, in ms. */
export function roundAfter(at: number, seconds: number): number {
  return (Math.floor(at / (seconds * SECOND)) + 1) * seconds * SECOND
}

/** What the filters make of the events of a log: a plain fold, in order of seq. The last entry is a mark: now. */
export function fatesOf(stages: readonly Stage[], entries: readonly Entry[]): Fates {
  const open: number[] = []
  let left: readonly Entry[] = entries
  for (const stage of stages) {
    if (stage.is === 'digest') {
      const { passed, open: collecting } = collect(stage, left)
      return { passed, open: [...open, ...collecting] }
    }
    if (stage.is === 'settled') {
      const settled = settle(stage, left)
      left = settled.entries
      open.push(...settled.open)
    } else left = simple(stage, left)
  }
  return { passed: left.flatMap((entry) => (isMark(entry) ? [] : [[entry.seq]])), open }
}
