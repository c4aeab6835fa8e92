import { linesOf, type Noted } from './diary.ts'
import { ask } from './schemas.ts'

/** What an agent suffered, and when (ms since the epoch). One that was killed suffers for ever. */
export interface Suffered {
  readonly who: string
  readonly from: number
  readonly to: number
}

/** What happened in a round. */
export interface Tally {
  readonly events: number
  readonly answers: number
  readonly starts: number
  /** Events that were handled again, and runs that began again, after the death of an agent. */
  readonly again: number
  readonly runs: number
  /** The longest time without an answer to any publisher, and without a start of any handler, in ms. */
  readonly silence: number
  readonly idle: number
}

/** A zombie needs a moment to notice that it has lost everything, in ms. */
const NOTICE = 250

/** Everything about a round that the tables of its log have to agree with. */
export interface Story {
  readonly address: string
  readonly schema: string
  readonly lease: number
  readonly lines: readonly Noted[]
  readonly faults: readonly Suffered[]
}

/** Compares every answer, every start of a handler and every run with the tables. Returns what is wrong. */
export async function checkRound(story: Story): Promise<Tally & { readonly problems: readonly string[] }> {
  const problems: string[] = []
  const wrong = (words: string): void => void problems.push(words)
  const tables = await readTables(story)
  const deaths = [...story.faults, ...unheard(story), ...moved(story)]
  // Whether a death explains that what an agent began is begun again: its own, or that of a zombie that begins it again.
  const isExplained = (before: Begun, again: Begun): boolean =>
    deaths.some(
      ({ who, from, to }) =>
        (who === before.who && before.at <= to + NOTICE && again.at >= from) ||
        (who === again.who && again.at >= from && again.at <= to + NOTICE),
    )
  checkEvents(tables, wrong)
  checkAnswers(story, tables, wrong)
  checkState(story, tables, wrong)
  const again = checkStarts(story, tables, isExplained, wrong) + checkRuns(story, tables, isExplained, wrong)
  const [told, starts] = [linesOf(story.lines, 'told'), linesOf(story.lines, 'begins')]
  return {
    problems,
    events: tables.events.length,
    answers: told.length,
    starts: starts.length,
    again,
    runs: linesOf(story.lines, 'ran').length,
    silence: longestGap(told),
    idle: longestGap(starts),
  }
}

type Wrong = (words: string) => void
type Begun = Pick<Noted, 'who' | 'at'>
type Explained = (before: Begun, again: Begun) => boolean

interface Tables {
  readonly last: number
  readonly seqs: readonly number[]
  /** Those that the agents have published. */
  readonly events: readonly { readonly seq: number; readonly identifier: string; readonly key: string }[]
  readonly identities: ReadonlyMap<string, number>
  readonly state: ReadonlyMap<string, { readonly value: unknown; readonly revision: number }>
  readonly marks: number
  /** By slot: how many of its runs are done. */
  readonly done: ReadonlyMap<number, number>
}

async function readTables({ address, schema }: Story): Promise<Tables> {
  const rows = (text: string): Promise<unknown[][]> => ask(address, text.replaceAll('OF ', `"${schema}".`))
  const [[last] = []] = await rows('SELECT seq FROM OF head')
  const found = await rows('SELECT seq, type, identifier, data FROM OF event ORDER BY seq')
  const events = found
    .filter(([, type]) => type === 'made')
    .map(([seq, , identifier, data]) => {
      const { key } = JSON.parse(data as string) as { key: string }
      return { seq: Number(seq), identifier: identifier as string, key }
    })
  const identities = await rows(`SELECT identifier, seq FROM OF identity WHERE type = 'made'`)
  const state = await rows('SELECT namespace, key, value, revision FROM OF state')
  const [[marks] = []] = await rows('SELECT count(*) FROM OF mark')
  const runs = await rows(`SELECT slot, outcome FROM OF run WHERE job = 'count'`)
  const done = new Map<number, number>()
  for (const [slot, outcome] of runs) {
    const { status } = JSON.parse((outcome as string | null) ?? '{}') as { status?: string }
    if (status === 'done') done.set(Number(slot), (done.get(Number(slot)) ?? 0) + 1)
  }
  return {
    last: Number(last),
    seqs: found.map(([seq]) => Number(seq)),
    events,
    identities: new Map(identities.map(([identifier, seq]) => [identifier as string, Number(seq)])),
    state: new Map(
      state.map(([namespace, key, value, revision]) => [
        `${namespace} ${key}`,
        { value: JSON.parse(value as string) as unknown, revision: Number(revision) },
      ]),
    ),
    marks: Number(marks),
    done,
  }
}

// An agent that the server has not heard for longer than its lease has lost everything: the others count it as dead.
function unheard({ lines, lease }: Story): Suffered[] {
  return linesOf(lines, 'warns').flatMap(({ who, at, words }) => {
    const [, silence] = /has not heard this agent for (\d+) ms/.exec(words) ?? []
    return silence === undefined ? [] : [{ who, from: at - Number(silence) + lease, to: at }]
  })
}

// At another server, nothing that was held is held: what was not stored there begins again.
function moved({ lines }: Story): Suffered[] {
  const broken = new Map<string, number>()
  return linesOf(lines, 'warns').flatMap(({ who, at, words }) => {
    if (words.includes('has broken')) broken.set(who, at)
    const from = words.includes('another server has taken over') ? broken.get(who) : undefined
    return from === undefined ? [] : [{ who, from, to: at }]
  })
}

function checkEvents({ last, seqs, events, identities }: Tables, wrong: Wrong): void {
  const missing = seqs.findIndex((seq, i) => seq !== i + 1)
  if (missing >= 0 || seqs.length !== last) wrong(`seqs have a gap after ${missing}, the log ends at ${last}`)
  if (events.length !== identities.size) wrong(`${events.length} events, and ${identities.size} identities`)
  const latest = new Map<string, number>()
  for (const { seq, identifier } of events) {
    if (identities.get(identifier) !== seq) wrong(`${identifier} is event ${seq}, its identity says another`)
    const [, who, n] = /^(.+)-(\d+)$/.exec(identifier) ?? []
    if (who === 'shared') continue
    if (Number(n) <= (latest.get(who ?? '') ?? 0)) wrong(`${identifier} is out of its publisher's order`)
    latest.set(who ?? '', Number(n))
  }
}

function checkAnswers({ lines }: Story, { identities, events, state }: Tables, wrong: Wrong): void {
  const bySeq = new Map(events.map((event) => [event.seq, event.identifier]))
  const isNew = new Set<string>()
  const sent = new Map<string, number>()
  for (const { who, identifier, status, seq } of linesOf(lines, 'told')) {
    if (bySeq.get(seq) !== identifier || identities.get(identifier) !== seq)
      wrong(`${who} was told that ${identifier} is event ${seq} (${status}): that is ${bySeq.get(seq) ?? 'lost'}`)
    if (status === 'new' && isNew.has(identifier)) wrong(`${identifier} was new twice`)
    if (status === 'new') isNew.add(identifier)
    if (identifier.startsWith(`${who}-`)) sent.set(who, Number(identifier.slice(who.length + 1)))
  }
  for (const [who, n] of sent) {
    const stored = Number(state.get(`sent ${who}`)?.value ?? 0)
    // What was not acknowledged may be stored.
    if (stored !== n && stored !== n + 1) wrong(`${who} has published ${n} with its state, which is ${stored}`)
  }
}

// The state has each handled event once, in order: nothing is lost, stored twice, or stored without its ack.
function checkState(_: Story, { events, state, marks, done }: Tables, wrong: Wrong): void {
  const expected = new Map<string, number[]>()
  for (const { seq, key } of events) expected.set(key, [...(expected.get(key) ?? []), seq])
  for (const [key, seqs] of expected) {
    const { value, revision } = state.get(`listener/hear ${key}`) ?? { value: [], revision: 0 }
    const handled = value as number[]
    const differs = seqs.findIndex((seq, i) => handled[i] !== seq)
    if (differs >= 0 || handled.length !== seqs.length)
      wrong(
        `${key}: the state has ${handled.slice(Math.max(differs - 2, 0), differs + 3)} … where events are ${seqs.slice(Math.max(differs - 2, 0), differs + 3)} …`,
      )
    if (revision !== seqs.length) wrong(`${key}: ${seqs.length} acks stored their state ${revision} times`)
  }
  if (marks > 0) wrong(`${marks} events are parked, or wait for another attempt`)
  const runs = [...done.values()].reduce((sum, each) => sum + each, 0)
  const counted = Number(state.get('job/count count')?.value ?? 0)
  if (counted !== runs) wrong(`the job counts ${counted} runs, and ${runs} are done`)
}

function checkStarts({ lines }: Story, { events }: Tables, isExplained: Explained, wrong: Wrong): number {
  const bySeq = new Map<number, Noted<'begins'>[]>()
  for (const line of linesOf(lines, 'begins')) bySeq.set(line.seq, [...(bySeq.get(line.seq) ?? []), line])
  const newest = new Map<string, number>()
  let again = 0
  for (const { seq } of events) if (!bySeq.has(seq)) wrong(`event ${seq} was never handled`)
  const firsts = [...bySeq.values()].map(([first]) => first as Noted<'begins'>)
  for (const { seq, key } of firsts.toSorted((a, b) => a.at - b.at)) {
    if (seq < (newest.get(key) ?? 0)) wrong(`event ${seq} of ${key} began after ${newest.get(key)}`)
    newest.set(key, seq)
  }
  const failures = linesOf(lines, 'fails')
  for (const [seq, starts] of bySeq) {
    const failed = failures.filter((each) => each.seq === seq)
    for (const [i, start] of starts.entries()) {
      const { at, who } = start
      const before = starts[i - 1]
      if (before === undefined) continue
      if (isExplained(before, start)) again += 1
      else if (!failed.some((each) => each.who === before.who && each.at >= before.at && each.at <= at))
        wrong(`event ${seq} was handled by ${before.who} at ${before.at}, and by ${who} at ${at}, without a death`)
    }
  }
  return again
}

function checkRuns({ lines }: Story, { done }: Tables, isExplained: Explained, wrong: Wrong): number {
  let again = 0
  const ends = new Map(linesOf(lines, 'ran').map(({ who, slot, attempt, at }) => [`${who} ${slot} ${attempt}`, at]))
  const runs = linesOf(lines, 'runs').toSorted((a, b) => a.at - b.at)
  const slots = new Map<number, Noted<'runs'>>()
  for (const [i, run] of runs.entries()) {
    const sooner = slots.get(run.slot)
    if (sooner !== undefined) {
      if (isExplained(sooner, run)) again += 1
      else wrong(`slot ${run.slot} was run by ${sooner.who} and by ${run.who}, without a death`)
    }
    slots.set(run.slot, run)
    for (const before of runs.slice(Math.max(i - 3, 0), i)) {
      const end = ends.get(`${before.who} ${before.slot} ${before.attempt}`) ?? Number.POSITIVE_INFINITY
      if (end > run.at && !isExplained(before, run))
        wrong(`the run of ${run.slot} by ${run.who} began while that of ${before.slot} by ${before.who} was running`)
    }
  }
  for (const [slot, times] of done) {
    if (times > 1) wrong(`slot ${slot} is done ${times} times`)
    if (!slots.has(slot)) wrong(`slot ${slot} is done, and never ran`)
  }
  return again
}

function longestGap(lines: readonly Noted[]): number {
  const times = lines.map(({ at }) => at).toSorted((a, b) => a - b)
  return times.slice(1).reduce((longest, at, i) => Math.max(longest, at - (times[i] as number)), 0)
}
