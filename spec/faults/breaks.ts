import type { Wanted } from './find-place.ts'

/** A file of specs, and the name of the tests that are run of it. */
export type Spec = readonly [file: string, name?: string]

/** A change at one place in lib/: that code is replaced. */
interface Edit extends Wanted {
  readonly replace: string
}

/** A change of the house: a file that is added. */
interface Addition {
  readonly add: string
  readonly text: string
}

/** One way in which the engine or its house could be wrong, and the spec that has to notice. */
export type Break = (Edit | Addition) & {
  /** What is wrong then. */
  readonly words: string
  readonly spec: Spec
}

const kill: Spec = ['faults/kill.spec.ts']
const model: Spec = ['faults/model.spec.ts']
const interleavings: Spec = ['faults/interleavings.spec.ts']
const undelivered: Spec = ['faults/handlers.spec.ts', 'reaches every listener']
const harm: Spec = ['faults/handlers.spec.ts', 'do not affect other listeners']
const exits: Spec = ['faults/handlers.spec.ts', 'is identified']
const house: Spec = ['house/floors.spec.ts', 'keeps its floors']

/** Every promise, and every rule of the house, broken at least once. */
export const breaks: readonly Break[] = [
  {
    words: 'a publisher is answered before the write',
    in: 'whenDurable',
    find: 'durable.then(() => receiptsOf(answers))',
    replace: 'Promise.resolve(receiptsOf(answers))',
    spec: interleavings,
  },
  {
    words: 'a publisher is answered before the disk has it',
    in: '#commit',
    find: 'commit.write(this.#options.synced ? SYNCED : {})',
    replace: 'commit.write({})',
    spec: ['level/write/writer.spec.ts', 'is on disk before its publishers'],
  },
  {
    words: 'a duplicate is answered before its event is durable',
    in: '#decide',
    find: 'writer.until(decision.newest)',
    replace: 'Promise.resolve()',
    spec: interleavings,
  },
  {
    words: 'a delivery settles an event that its consumer has handed out again',
    in: 'ConsumerHandle.pull',
    find: 'own !== before && hadInFlight',
    replace: 'false',
    spec: ['faults/handover.spec.ts', 'handles the events of a key in order'],
  },
  {
    words: 'an identity is stored without its event',
    in: 'SegmentWriter.end',
    find: 'this.#put(keys.event(start), joinRecords(texts))',
    replace: '',
    spec: undelivered,
  },
  {
    words: 'a query by type trusts the events of other types that share a segment',
    in: 'decodeThose',
    find: 'else unseal(keys.event(seq), text)',
    replace: '',
    spec: ['level/segments.spec.ts', 'never read as anything else'],
  },
  {
    words: 'a prune removes what should remain of a segment',
    in: 'withoutUpTo',
    find: 'seq > last',
    replace: 'seq < 0 && seq > last',
    spec: ['level/segments.spec.ts', 'cut by a prune'],
  },
  {
    words: 'an event is stored without its identity',
    in: 'decideDrafts',
    find: 'ops.push([key, encodeIdentity(key, identity)])',
    replace: '',
    spec: model,
  },
  {
    words: 'an event is delivered before it is durable',
    in: '#commit',
    find: 'await commit.write(',
    replace: `this.#durable = commit.last
      this.#options.onCommitted(commit)
      await new Promise((resolve) => setTimeout(resolve, 10))
      await commit.write(`,
    spec: interleavings,
  },
  {
    words: 'the cursor passes events that are being handled',
    in: 'settledTo',
    find: 'this.#inFlight.lowestFresh ?? ',
    replace: '',
    spec: ['faults/handover.spec.ts', 'handles each event once'],
  },
  {
    words: 'the cursor is never written',
    in: 'settled',
    find: 'cursor === record.cursor && isSame',
    replace: 'cursor >= 0',
    spec: model,
  },
  {
    words: 'attempts are forgotten',
    in: 'retryRecord',
    find: 'attempts: attempt',
    replace: 'attempts: attempt * 0',
    spec: model,
  },
  {
    words: 'a retry is not written down',
    in: 'InFlight.wait',
    find: "this.#pending.change({ kind: 'retry', seq, record })",
    replace: '',
    spec: kill,
  },
  {
    words: 'a retry is not deleted after its ack',
    in: 'settle',
    find: 'this.#again.has(seq) && !this.#requested.has(seq)',
    replace: 'this.#again.has(seq) && this.#requested.has(seq)',
    spec: model,
  },
  {
    words: 'retries come in the wrong order',
    in: 'due',
    find: 'a.seq - b.seq',
    replace: 'b.seq - a.seq',
    spec: ['level/level-log.spec.ts', 'lowest seq comes first'],
  },
  {
    words: 'in order, newer events overtake one that waits',
    in: '#mayReadOn',
    find: 'if (this.#isInOrder)',
    replace: 'if (this.#isInOrder && first?.seq === 0)',
    spec: ['level/level-log.spec.ts', 'unless the consumer is in order'],
  },
  {
    words: 'lanes are ignored',
    in: 'Lanes.takeNext',
    find: 'lane === undefined || lane.active || oldestBefore(lane) !== undefined',
    replace: 'lane === undefined',
    spec: ['dispatch/queue.spec.ts', 'is kept'],
  },
  {
    words: 'acks of a failed commit are lost when the store is reopened',
    in: 'PendingWrites.settled',
    find: 'if (durable)',
    replace: 'if (!durable)',
    spec: ['level/session/reopening-store.spec.ts', 'writes again the acks, retries'],
  },
  {
    words: 'a suspect is not written down before its turn',
    in: 'InFlight.note',
    find: '...suspected',
    replace: '',
    spec: exits,
  },
  {
    words: 'a suspect that was handled is blamed for the next death',
    in: 'HandOut.#write',
    find: 'crashes !== undefined',
    replace: 'crashes === -1',
    spec: ['level/level-log.spec.ts', 'cleared before the next'],
  },
  {
    words: 'suspects are delivered together',
    in: '#tryAlone',
    find: 'while (this.#running.size > 0) await this.#change()',
    replace: '',
    spec: exits,
  },
  {
    words: 'a parked event is not written down',
    in: 'ParkedEvents.park',
    find: "this.#pending.change({ kind: 'parked', seq, record })",
    replace: '',
    spec: model,
  },
  {
    words: 'a failed event is parked at once',
    in: 'failureOutcome',
    find: 'attempt >= settings.attempts',
    replace: 'attempt >= 1',
    spec: model,
  },
  {
    words: 'a failed event is acked',
    in: 'Pump.#settle',
    find: "outcome.end === 'ack'",
    replace: "outcome.end !== 'park'",
    spec: model,
  },
  {
    words: 'a delivery that never settles is waited for',
    in: 'Deliverer.#limit',
    find: 'timeout)',
    replace: 'timeout + 3_600_000)',
    spec: harm,
  },
  {
    words: 'a handler that blocks the event loop is not named',
    in: 'Pump.#deliver',
    find: 'ms > BLOCKING',
    replace: 'ms < 0',
    spec: harm,
  },
  {
    words: 'state is stored although the delivery failed',
    in: 'DeliveryAttempt.#fail',
    find: 'if (this.#outcome === undefined)',
    replace: `if (this.#outcome !== undefined) return
      this.#host.log.accept([], { state: this.state.writes() })
      `,
    spec: ['dispatch/deliverer.spec.ts', 'dropped with a failure'],
  },
  {
    words: 'the start of a listener is not written down',
    in: 'Consumers',
    find: 'ops: [cursorOp(name, stored.cursor)]',
    replace: 'ops: []',
    spec: undelivered,
  },
  {
    words: 'a renamed listener loses its retries',
    in: 'renaming',
    find: 'await entries(db, keys.retriesOf(from))',
    replace: '[] as [string, string][]',
    spec: ['level/level-log.spec.ts', 'adopted under a new name'],
  },
  {
    words: 'a filter with a memory judges an event again when it is tried again',
    in: 'Judge.judge',
    find: 'seq > this.#judged.last',
    replace: 'seq > 0',
    spec: ['dispatch/memory-gate.spec.ts', 'does not count an event twice'],
  },
  {
    words: 'the memory of filters is stored without their verdicts',
    in: 'MemoryGate.#writes',
    find: 'writes.map(',
    replace: "writes.filter(([key]) => !key.startsWith('verdict/')).map(",
    spec: ['dispatch/memory-gate.spec.ts', 'waits across a restart'],
  },
  {
    words: 'a value that waits is held back after another has taken its place',
    in: 'MemoryGate.admit',
    find: 'for (const seq of verdict.releases ?? []) decided.add(seq)',
    replace: '',
    spec: ['dispatch/memory-gate.spec.ts', 'lets go of a value at once'],
  },
  {
    words: 'a digest is acked before its handler',
    in: 'MemoryGate.admit',
    find: 'this.#verdicts.set(handed, verdict)',
    replace: `this.#verdicts.set(handed, verdict)
        if (verdict.batch !== undefined) this.#consumer.ack(handed)`,
    spec: ['dispatch/memory-gate.spec.ts', 'is one delivery'],
  },
  {
    words: 'a file imports a neighbour on its floor',
    add: 'lib/job/neighbour.ts',
    text: "import '../dispatch/pump.ts'\n",
    spec: house,
  },
  {
    words: 'a file imports a higher room',
    add: 'lib/level/format/higher.ts',
    text: "import '../store/open-store.ts'\n",
    spec: house,
  },
  {
    words: 'a file is too long',
    add: 'lib/core/long.ts',
    text: '\n'.repeat(351),
    spec: house,
  },
  {
    words: 'a comment is not plain English',
    add: 'lib/core/dialect.ts',
    text: '// A date that is none.\n',
    spec: ['house/words.spec.ts', 'are plain English in'],
  },
  {
    words: 'public members have no documentation',
    add: 'streams/undocumented.ts',
    text: `export interface Undocumented {${Array.from({ length: 2000 }, (_, n) => `\n  member${n}: number`).join('')}\n}\n`,
    spec: ['house/member-docs.spec.ts', 'have documentation'],
  },
]
