/** A file of specs, and the name of the tests that are run of it. */
export type Spec = readonly [file: string, name?: string]

/** One way in which the engine could be wrong, and the spec that is to notice. */
export interface Break {
  /** What is wrong then. */
  readonly words: string
  readonly file: string
  readonly from: string
  readonly to: string
  readonly spec: Spec
}

const kill: Spec = ['faults/kill.spec.ts']
const model: Spec = ['faults/model.spec.ts']
const interleavings: Spec = ['faults/interleavings.spec.ts']
const undelivered: Spec = ['faults/handlers.spec.ts', 'has told nobody']
const harm: Spec = ['faults/handlers.spec.ts', 'keep nobody else']
const exits: Spec = ['faults/handlers.spec.ts', 'is found out']

/** Every promise broken at least once. */
export const breaks: readonly Break[] = [
  {
    words: 'a publisher is answered before the write',
    file: 'lib/level/level-log.ts',
    from: 'return durable.then(() => answers)',
    to: 'return Promise.resolve(answers)',
    spec: interleavings,
  },
  {
    words: 'a publisher is answered before the disk has it',
    file: 'lib/level/write/writer.ts',
    from: 'commit.write(this.#options.synced ? SYNCED : {})',
    to: 'commit.write({})',
    spec: ['level/write/writer.spec.ts', 'is on disk before anybody'],
  },
  {
    words: 'a duplicate is answered before its event is durable',
    file: 'lib/level/level-log.ts',
    from: 'durable: writer.until(decision.newest)',
    to: 'durable: Promise.resolve()',
    spec: interleavings,
  },
  {
    words: 'an identity is stored without its event',
    file: 'lib/level/write/accept.ts',
    from: 'ops.push([eventKey, record], [key,',
    to: 'ops.push([key,',
    spec: undelivered,
  },
  {
    words: 'an event is stored without its identity',
    file: 'lib/level/write/accept.ts',
    from: '[key, encodeIdentity(key, identity)], ',
    to: '',
    spec: model,
  },
  {
    words: 'an event is delivered before it is durable',
    file: 'lib/level/write/writer.ts',
    from: '    await commit.write(this',
    to: '    this.#durable = commit.last\n    this.#options.onCommitted(commit)\n    await new Promise((resolve) => setTimeout(resolve, 10))\n    await commit.write(this',
    spec: interleavings,
  },
  {
    words: 'the cursor passes what is in work',
    file: 'lib/level/consumer/consumer.ts',
    from: 'return first === undefined ? this.#backlog.position : first - 1',
    to: 'return first === undefined ? this.#backlog.position : this.#backlog.position',
    spec: kill,
  },
  {
    words: 'the cursor is never written',
    file: 'lib/level/consumer/cursor.ts',
    from: 'if (cursor === record.cursor && isSame) return',
    to: 'if (cursor >= 0) return',
    spec: model,
  },
  {
    words: 'attempts are forgotten',
    file: 'lib/level/consumer/retries.ts',
    from: 'attempts: attempt,',
    to: 'attempts: attempt * 0,',
    spec: model,
  },
  {
    words: 'a retry is not written down',
    file: 'lib/level/consumer/in-flight.ts',
    from: '    else this.#retries.add({ seq, ...record })\n    this.#ledger.change(key, encode(key, record))',
    to: '    else this.#retries.add({ seq, ...record })',
    spec: kill,
  },
  {
    words: 'a retry is not crossed out when it went well',
    file: 'lib/level/consumer/in-flight.ts',
    from: 'if (this.#again.has(seq) && !this.#asked.has(seq)) this',
    to: 'if (this.#again.has(seq) && this.#asked.has(seq)) this',
    spec: model,
  },
  {
    words: 'retries come in the wrong order',
    file: 'lib/level/consumer/retries.ts',
    from: '.sort((a, b) => a.seq - b.seq)\n      .slice(0, max)',
    to: '.sort((a, b) => b.seq - a.seq)\n      .slice(0, max)',
    spec: ['level/level-log.spec.ts', 'lowest seq comes first'],
  },
  {
    words: 'in order, newer events overtake one that waits',
    file: 'lib/level/consumer/hand-out.ts',
    from: 'return inOrder ? first === undefined || first.seq > backlog.position : ',
    to: 'return first?.seq === 0 && inOrder ? false : ',
    spec: ['level/level-log.spec.ts', 'unless the consumer is in order'],
  },
  {
    words: 'lanes are ignored',
    file: 'lib/dispatch/lanes.ts',
    from: 'if (lane === undefined || lane.active || oldestBefore(lane) !== undefined) return undefined',
    to: 'if (lane === undefined) return undefined',
    spec: ['dispatch/pump.spec.ts', 'is kept'],
  },
  {
    words: 'what a failed commit carried of acks is lost when the store is opened again',
    file: 'lib/level/consumer/pending-writes.ts',
    from: 'if (!durable) this.#changes = ',
    to: 'if (durable) this.#changes = ',
    spec: ['level/session/reopening-store.spec.ts', 'writes again what'],
  },
  {
    words: 'a suspect is not written down before its turn',
    file: 'lib/level/consumer/in-flight.ts',
    from: '[...this.#fresh, ...this.#again])], ...accused]',
    to: '[...this.#fresh, ...this.#again])]]',
    spec: exits,
  },
  {
    words: 'a suspect that was handled is blamed for the next death',
    file: 'lib/level/consumer/hand-out.ts',
    from: 'crashes !== undefined)) await',
    to: 'crashes === -1)) await',
    spec: ['level/level-log.spec.ts', 'cleared before the next'],
  },
  {
    words: 'suspects are delivered together',
    file: 'lib/dispatch/pump.ts',
    from: '    this.#deliver(key, handed)\n    while (this.#running.size > 0) await this.#change()',
    to: '    this.#deliver(key, handed)',
    spec: exits,
  },
  {
    words: 'a parked event is not written down',
    file: 'lib/level/consumer/parked.ts',
    from: '    this.#seqs.add(seq)\n    this.#ledger.change(key, encode(key, record))',
    to: '    this.#seqs.add(seq)',
    spec: model,
  },
  {
    words: 'a failed event is parked at once',
    file: 'lib/dispatch/outcome.ts',
    from: 'attempt >= settings.attempts',
    to: 'attempt >= 1',
    spec: model,
  },
  {
    words: 'a failed event is passed over',
    file: 'lib/dispatch/pump.ts',
    from: "if (outcome.end === 'ack') {",
    to: "if (outcome.end !== 'park') {",
    spec: model,
  },
  {
    words: 'a delivery that never settles is waited for',
    file: 'lib/dispatch/deliverer.ts',
    from: 'each.stop(this.#timeoutError(each.handed)), timeout)',
    to: 'each.stop(this.#timeoutError(each.handed)), timeout + 3_600_000)',
    spec: harm,
  },
  {
    words: 'whoever blocks is not named',
    file: 'lib/dispatch/pump.ts',
    from: 'if (ms > BLOCKING)',
    to: 'if (ms < 0)',
    spec: harm,
  },
  {
    words: 'state is stored though the delivery failed',
    file: 'lib/dispatch/delivery-attempt.ts',
    from: '    if (this.#outcome === undefined) this.#end(failureOutcome(this.#host.listener, this.handed, error), WORK_ENDED)',
    to: '    if (this.#outcome !== undefined) return\n    this.#host.log.accept([], { state: this.state.writes() })\n    this.#end(failureOutcome(this.#host.listener, this.handed, error), WORK_ENDED)',
    spec: ['dispatch/deliver.spec.ts', 'dropped with a failure'],
  },
  {
    words: 'where a listener begins is not written down',
    file: 'lib/level/consumer/consumers.ts',
    from: 'return { opened, ops: [cursorOp(name, opened.cursor)] }',
    to: 'return { opened, ops: [] }',
    spec: undelivered,
  },
  {
    words: 'a renamed listener loses its retries',
    file: 'lib/level/consumer/consumers.ts',
    from: 'for (const [key, text] of await this.#entries(keys.retriesOf(from)))',
    to: 'for (const [key, text] of [] as [string, string][])',
    spec: ['dispatch/pump.spec.ts', 'takes over the cursor'],
  },
]
