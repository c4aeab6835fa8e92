import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { from, lastValueFrom, Observable, take, toArray } from 'rxjs'
import { dryRun } from '../../lib/agent/run/dry-run.ts'
import { realEnvironment } from '../../lib/core/environment.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { drafts } from '../../lib/job/drafts.ts'
import { type JobContext, job, type Run } from '../../lib/job/job.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import type { Log } from '../../lib/log/port.ts'
import { always, every, manual } from '../../lib/schedule/index.ts'
import { allOf, place, unhandled, wrap } from '../support/agent-harness.ts'
import { compiledProgram } from '../support/compiled-program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const made = eventType('made').of<{ n: number }>()
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const MANY = 2500
const numbers = Array.from({ length: MANY }, (_, n) => n + 1)

/** Runs that publish in every way, and save their position with every hundredth. */
const ways: Record<string, Run> = {
  'publish, not awaited': async (context) => {
    for (const n of numbers) {
      void context.publish(made, String(n), { n })
      await saved(context, n)
    }
  },
  'publish and save, neither awaited': (context) => {
    for (const n of numbers) {
      void context.publish(made, String(n), { n })
      void saved(context, n)
    }
  },
  'an async generator': async function* (context) {
    for (const n of numbers) {
      yield made(String(n), { n })
      await saved(context, n)
    }
  },
  'a generator that does not await': function* (context) {
    for (const n of numbers) {
      yield made(String(n), { n })
      void saved(context, n)
    }
  },
  'an Observable that emits all at once': (context) =>
    new Observable((subscriber) => {
      for (const n of numbers) {
        subscriber.next(made(String(n), { n }))
        void saved(context, n)
      }
      subscriber.complete()
    }),
  'an Observable that emits now and then': (context) =>
    from(
      (async function* () {
        for (const n of numbers) {
          if (n % 7 === 0) await turn()
          yield made(String(n), { n })
          await saved(context, n)
        }
      })(),
    ),
}

async function saved({ state }: JobContext, n: number): Promise<void> {
  state.set('n', n)
  if (n % 100 === 0) await state.save()
}

/** A slow log. `ahead`: states that it received before their events; `saves`: all states. */
function watched(log: Log): { readonly log: Log; readonly ahead: unknown[]; readonly saves: unknown[] } {
  const [ahead, saves]: unknown[][] = [[], []]
  let stored = 0
  const accept: Log['accept'] = async (given, origin) => {
    const state = origin?.state?.find(({ key }) => key === 'n')?.value
    if (state !== undefined) saves?.push(state)
    if (typeof state === 'number' && state > stored + given.length) ahead?.push([state, stored, given.length])
    await turn()
    const receipts = await log.accept(given, origin)
    stored += given.length
    return receipts
  }
  return { log: wrap(log, { accept }), ahead: ahead ?? [], saves: saves ?? [] }
}

describe('state.save()', () => {
  for (const [way, run] of Object.entries(ways)) {
    it(`stores state after everything published before it, while the run continues: ${way}`, async (t) => {
      const here = await place(t)
      const { log, ahead, saves } = watched(here.log)
      const running = await here.begin([job('make', manual(), run)], { log })
      assert.equal((await running.trigger('make'))?.error, undefined)
      assert.deepEqual(ahead, [])
      assert(saves.length >= MANY / 100, `saved ${saves.length} times`)
      assert.equal((await here.events()).length, MANY)
      assert.equal((await here.log.store('job/make').get('n'))?.value, MANY)
    })
  }

  it('keeps what it stored if the run fails later, but not what was set after it', async (t) => {
    const here = await place(t)
    const run: Run = async ({ publish, state }) => {
      assert.equal(await state.get('n', 0), 0)
      state.set('n', 1)
      state.set('gone', true)
      state.delete('gone')
      void publish(made, '1', { n: 1 })
      await state.save()
      assert.equal(await state.get('n'), 1)
      state.set('n', 2)
      throw new Error('no')
    }
    const running = await here.begin([job('make', manual(), run)])
    assert.equal((await running.trigger('make'))?.status, 'failed')
    assert.equal((await here.log.store('job/make').get('n'))?.value, 1)
    assert.equal(await here.log.store('job/make').get('gone'), undefined)
  })

  it('stores what was set when it was called, and leaves the rest to the next save', async (t) => {
    const here = await place(t)
    const { log, saves } = watched(here.log)
    const run: Run = async ({ state }) => {
      state.set('n', 1)
      const first = state.save()
      state.set('n', 2)
      const second = state.save()
      state.set('n', 3)
      await Promise.all([first, second])
      assert.equal(await state.get('n'), 3)
    }
    const running = await here.begin([job('make', manual(), run)], { log })
    assert.equal((await running.trigger('make'))?.status, 'done')
    assert.deepEqual(saves, [1, 2, 3])
  })

  it('stores nothing and fails the run if an earlier publish was refused', async (t) => {
    const here = await place(t)
    const run: Run = async ({ publish, state }) => {
      publish(made, '', { n: 1 }).catch(() => undefined)
      state.set('n', 1)
      await state.save().catch(() => undefined)
    }
    const running = await here.begin([job('make', manual(), run)])
    const report = await running.trigger('make')
    assert.equal((report?.error as { code?: string } | undefined)?.code, 'TIDINGS_IDENTIFIER_INVALID')
    assert.equal(await here.log.store('job/make').get('n'), undefined)
  })

  it('fails the run when the log fails, awaited or not, and raises no unhandledRejection', async (t) => {
    const here = await place(t)
    const accept: Log['accept'] = (given, origin) =>
      origin?.state?.some(({ key }) => key === 'n') ? Promise.reject(new Error('full')) : here.log.accept(given, origin)
    const run: Run = ({ state }) => {
      state.set('n', 1)
      void state.save()
      void state.save().then(() => assert.fail('it was saved'))
    }
    const seen = await unhandled(async () => {
      const running = await here.begin([job('make', manual(), run)], { log: wrap(here.log, { accept }) })
      const report = await running.trigger('make')
      assert.deepEqual([report?.status, report?.error?.message], ['failed', 'full'])
    })
    assert.deepEqual(seen, [])
  })

  it('rejects once the run is over', async (t) => {
    const here = await place(t)
    let late: JobContext['state'] | undefined
    const running = await here.begin([job('make', manual(), ({ state }) => void (late = state))])
    await running.trigger('make')
    late?.set('n', 1)
    await assert.rejects(async () => late?.save(), { code: 'TIDINGS_RUN_ENDED' })
    assert.equal(await here.log.store('job/make').get('n'), undefined)
  })

  it('stores nothing for a run that was cut off during the save', async (t) => {
    const here = await place(t)
    let answer: () => void = () => undefined
    let rejected: string | undefined
    const slow = new Promise<void>((resolve) => (answer = resolve))
    const accept: Log['accept'] = async (given, origin) => {
      if (given.length > 0) await slow
      return here.log.accept(given, origin)
    }
    const run: Run = async ({ publish, state }) => {
      void publish(made, '1', { n: 1 })
      state.set('n', 1)
      await state.save().catch((error) => {
        rejected = error.code
        throw error
      })
    }
    const log = wrap(here.log, { accept })
    const running = await here.begin([job('make', manual(), run, { timeout: '1m' })], { log })
    const report = running.trigger('make')
    await here.clock.advance(61_000)
    assert.equal((await report)?.status, 'abandoned')
    answer()
    assert.equal(await until(() => rejected, 'the answer of the save'), 'TIDINGS_RUN_ENDED')
    assert.equal(await here.log.store('job/make').get('n'), undefined)
  })

  it('first stores what a first run holds back, and tells no more than the newest n', async (t) => {
    const here = await place(t)
    const { log, ahead } = watched(here.log)
    const heard: number[] = []
    const run: Run = async ({ publish, state }) => {
      for (let n = 1; n <= 9; n++) {
        await publish(made, String(n), { n })
        if (n % 4 !== 2) continue
        state.set('n', n)
        await state.save()
      }
    }
    const hear = listener('hear', on(made), ({ data }) => void heard.push(data.n))
    const running = await here.begin([hear, job('make', manual(), run, { first: { tell: 3 } })], { log })
    await running.trigger('make')
    await running.drained()
    assert.deepEqual(ahead, [])
    assert.deepEqual([(await here.events()).length, heard], [9, [1, 2, 6]])
  })

  it('keeps the position of an endless run when the process is killed', async (t) => {
    const directory = temporaryDirectory(t)
    const program = await compiledProgram(fileURLToPath(import.meta.resolve('./programs/tailing.ts')))
    const life = (...args: string[]) =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, [program, directory, ...args])
        let output = ''
        child.stdout.on('data', (text) => (output += text))
        child.on('close', () => resolve(output))
      })
    assert.deepEqual([await life('kill'), await life('kill')], ['from 0\n', 'from 9\n'])
    const log = await openLog(directory)
    const lines = (await allOf(log)).map(({ identifier }) => identifier)
    assert.deepEqual(
      lines,
      [...numbers.slice(0, 10), 'end', ...numbers.slice(10, 19)].map((n) => (n === 'end' ? n : String(Number(n) - 1))),
    )
    assert.equal((await log.store('job/tail').get('next'))?.value, 18)
    await log.close()
  })

  it('works without a log: the next run sees what was saved, however this one ended', async () => {
    const seen: number[] = []
    const run: Run = async ({ publish, state }) => {
      const n = await state.get('n', 0)
      seen.push(n)
      await publish(made, String(n), { n })
      state.set('n', n + 1)
      await state.save()
      state.set('n', 100)
      throw new Error('no')
    }
    const context = { logger: silentLogger }
    const all = drafts(job('make', every('1ms'), run), { context }).pipe(take(3), toArray())
    assert.equal((await lastValueFrom(all)).length, 3)
    assert.deepEqual(seen, [0, 1, 2])
  })

  it('stores nothing in a dry run, which sees the saved state nevertheless', async (t) => {
    const here = await place(t)
    await here.log.store('job/make').set('old', 1)
    const run: Run = async ({ state }) => {
      state.set('n', 1)
      state.delete('old')
      await state.save()
      return made(`${await state.get('n')} ${await state.get('old', 'gone')}`, { n: 1 })
    }
    const { signal } = new AbortController()
    const host = { log: here.log, clock: here.clock, environment: realEnvironment(here.clock), signal, scrub: String }
    const { drafts: told, error } = await dryRun(job('make', manual(), run), host)
    assert.deepEqual([told[0]?.identifier, error], ['1 gone', undefined])
    assert.equal(await here.log.store('job/make').get('n'), undefined)
    assert.equal((await here.log.store('job/make').get('old'))?.value, 1)
  })

  it('is for jobs: a delivery that calls it fails and stores no state', async (t) => {
    const here = await place(t)
    const hear = listener(
      'hear',
      on(made),
      async (_, { state }) => {
        state.set('n', 1)
        await state.save()
      },
      { attempts: 1 },
    )
    const running = await here.begin([hear])
    await here.log.accept([made('1', { n: 1 })])
    await running.drained()
    const [parked] = here.notes.said('listener failed')
    assert.match(String((parked?.err as Error | undefined)?.message), /^state\.save\(\) is for jobs/)
    assert.equal(await here.log.store('listener/hear').get('n'), undefined)
  })

  it('does not end an endless run', async (t) => {
    const here = await place(t)
    const run: Run = async ({ publish, state, signal }) => {
      for (let n = 1; n <= 3; n++) {
        void publish(made, String(n), { n })
        state.set('n', n)
        await state.save()
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    await here.begin([job('tail', always(), run)])
    await until(async () => (await here.log.store('job/tail').get('n'))?.value === 3, 'the saved state')
    assert.equal((await here.events()).length, 3)
  })
})

describe('state.get(key, fallback)', () => {
  it('returns the stored value, null included, and the fallback only if nothing is stored', async (t) => {
    const here = await place(t)
    await here.log.store('job/make').set('null', null)
    await here.log.store('job/make').set('zero', 0)
    const seen: unknown[] = []
    const run: Run = async ({ state }) => {
      seen.push(await state.get('nothing', 7), await state.get('null', 7), await state.get('zero', 7))
      state.set('set', false)
      state.delete('zero')
      seen.push(await state.get('set', true), await state.get('zero', 7), await state.get('zero'))
    }
    const running = await here.begin([job('make', manual(), run)])
    await running.trigger('make')
    assert.deepEqual(seen, [7, null, 0, false, 7, undefined])
  })
})
