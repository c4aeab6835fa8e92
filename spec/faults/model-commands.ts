import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ATTEMPTS, Heard, made, type World } from './model-world.ts'

/** The expected state: far simpler than the real one. */
export interface Model {
  /** Accepted identities in order, with how often their handlers fail. */
  readonly accepted: Map<string, { readonly seq: number; readonly failures: number }>
  /** Every listener so far, with the number of events before it was added. */
  readonly since: Map<string, number>
  readonly running: Set<string>
  seq: number
  names: number
}

type Command = fc.AsyncCommand<Model, World>

const always = (): boolean => true

const command = (
  words: string,
  run: (model: Model, world: World) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = always,
): Command => ({
  check,
  run: async (model, world) => {
    expect(model, world)
    await run(model, world)
    assert.deepEqual(world.wrongs, [])
  },
  toString: () => words,
})

function expect(model: Model, world: World): void {
  const seqs = [...model.accepted.values()].map(({ seq }) => seq)
  for (const [name, since] of model.since)
    world.expected.set(
      name,
      seqs.filter((seq) => seq > since),
    )
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const restart = async (model: Model, world: World, formerly?: readonly [string, string]): Promise<void> => {
  await world.close()
  await world.begin([...model.running], formerly)
}

const publish = (identifiers: readonly number[], failures: number, wait: number): Command =>
  command(`publish ${identifiers.join(', ')} (${failures} failures), ${wait} turns`, async (model, world) => {
    const receipts = await world.log.accept(identifiers.map((n) => made(`i${n}`, { failures })))
    const expected = identifiers.map((n) => {
      const known = model.accepted.get(`i${n}`)
      if (known !== undefined) return { status: 'duplicate', seq: known.seq }
      // Events of the engine take seqs too, so the model only knows that seqs rise.
      const seq = receipts.find((_, i) => identifiers[i] === n)?.seq ?? 0
      assert.ok(seq > model.seq)
      model.seq = seq
      model.accepted.set(`i${n}`, { seq, failures })
      return { status: 'new', seq }
    })
    assert.deepEqual(
      receipts.map(({ status, seq }) => ({ status, seq })),
      expected,
    )
    expect(model, world)
    await turns(wait)
  })

const add = (shape: string): Command =>
  command(
    `add a listener ${shape}`,
    async (model, world) => {
      const name = `${shape}${model.names++}`
      model.since.set(name, await world.log.last())
      model.running.add(name)
      world.heard.set(name, new Heard())
      await world.stop()
      // Announcements of parked events may have been accepted meanwhile; the model does not count them.
      await restart(model, world)
    },
    ({ running }) => running.size < 4,
  )

const remove = (which: number): Command =>
  command(
    `remove listener ${which}`,
    async (model, world) => {
      model.running.delete(pick([...model.running], which))
      await restart(model, world)
    },
    ({ running }) => running.size > 0,
  )

const comeBack = (which: number): Command =>
  command(
    `bring back listener ${which}`,
    async (model, world) => {
      model.running.add(pick(gone(model), which))
      await restart(model, world)
    },
    (model) => gone(model).length > 0,
  )

const rename = (which: number): Command =>
  command(
    `rename listener ${which}`,
    async (model, world) => {
      const older = pick([...model.running], which)
      const name = `${older.charAt(0)}${model.names++}`
      model.running.delete(older)
      model.running.add(name)
      model.since.set(name, model.since.get(older) as number)
      model.since.delete(older)
      world.heard.set(name, world.heard.get(older) as Heard)
      world.heard.delete(older)
      expect(model, world)
      await restart(model, world, [older, name])
    },
    ({ running }) => running.size > 0,
  )

const reopen = (): Command => command('reopen', async (model, world) => restart(model, world))

const crash = (): Command =>
  command('crash', async (model, world) => {
    world.crash()
    await world.begin([...model.running])
  })

const advance = (ms: number): Command => command(`${ms} ms pass`, (_, world) => world.clock.advance(ms))

const step = (minutes: number): Command =>
  command(`the clock steps ${minutes} minutes`, async (_, world) => world.clock.step(minutes * 60_000))

const release = (): Command =>
  command('retry all parked', async (model, world) => {
    await world.stop()
    for (const name of model.running) {
      const consumer = await world.log.consumer(name, { start: 'now', types: ['made'] })
      for await (const { event } of consumer.parked()) {
        world.heard.get(name)?.released.add(event.identifier)
        assert.ok(await consumer.release(event.seq))
      }
    }
    await restart(model, world)
  })

const check = (): Command => command('check', checkAll)

/** Each listener has heard exactly its events; those that failed too often are parked. */
export async function checkAll(model: Model, world: World): Promise<void> {
  await world.settle()
  assert.deepEqual(world.wrongs, [])
  await world.stop()
  for (const name of model.running) {
    const { handled, released } = world.heard.get(name) as Heard
    const since = model.since.get(name) as number
    const mine = [...model.accepted].filter(([, { seq }]) => seq > since)
    const fails = ([identifier, { failures }]: (typeof mine)[number]): boolean =>
      failures >= ATTEMPTS && !released.has(identifier)
    const ids = (entries: typeof mine): string[] => entries.map(([identifier]) => identifier).sort()
    assert.deepEqual([...handled.keys()].sort(), ids(mine.filter((each) => !fails(each))), name)
    const consumer = await world.log.consumer(name, { start: 'now', types: ['made'] })
    const parked: string[] = []
    for await (const { event } of consumer.parked()) parked.push(event.identifier)
    assert.deepEqual(parked.sort(), ids(mine.filter(fails)), name)
  }
  assert.deepEqual(await world.log.verify(), { ok: true, problems: [] })
  await restart(model, world)
}

const pick = <T>(from: readonly T[], which: number): T => from[which % from.length] as T
const gone = ({ since, running }: Readonly<Model>): string[] => [...since.keys()].filter((name) => !running.has(name))

/** All commands, to be run in any order. */
export const commands = [
  fc
    .tuple(fc.array(fc.nat(25), { minLength: 1, maxLength: 4 }), fc.constantFrom(0, 0, 0, 1, 2, 3, 9), fc.nat(12))
    .map((args) => publish(...args)),
  fc
    .tuple(fc.array(fc.nat(25), { minLength: 1, maxLength: 4 }), fc.constantFrom(0, 1, 3), fc.nat(12))
    .map((args) => publish(...args)),
  fc.constantFrom('a', 'b', 'c').map(add),
  fc.nat(3).map(remove),
  fc.nat(3).map(comeBack),
  fc.nat(3).map(rename),
  fc.constant(reopen()),
  fc.constant(crash()),
  fc.constantFrom(1, 10, 49, 51, 200, 2000).map(advance),
  fc.constantFrom(-10, -1, 1, 10).map(step),
  fc.constant(release()),
  fc.constant(check()),
]
