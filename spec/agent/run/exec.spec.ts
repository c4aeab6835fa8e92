import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { lastValueFrom, toArray } from 'rxjs'
import { tryOut } from '../../../lib/agent/try/try-out.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import type { Exec } from '../../../lib/core/exec.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { job, type Run } from '../../../lib/job/job.ts'
import { runOnce } from '../../../lib/job/run-once.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { always, manual } from '../../../lib/schedule/index.ts'
import { place, unhandled } from '../../support/agent-harness.ts'
import { family, isRunning, pidsIn, untilEnded } from '../../support/programs.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const made = eventType('made').of<{ n: number }>()
const one = made('1', { n: 1 })

/** Starts a program and a child of it, which do not end by themselves; `pids`: theirs, once they are running. */
function endless(t: TestContext): { readonly start: (exec: Exec) => Promise<unknown>; pids(): Promise<number[]> } {
  const directory = temporaryDirectory(t)
  const files = ['one', 'two'].map((name) => join(directory, name))
  const [file, args] = family
  return { start: (exec) => exec(file, [...args, ...files]), pids: () => pidsIn(files) }
}

describe('a program that a run started', () => {
  it('is ended with its children when the run takes too long', async (t) => {
    const here = await place(t)
    const program = endless(t)
    const running = await here.begin([job('hang', manual(), ({ exec }) => void program.start(exec), { timeout: '1m' })])
    const hang: Run = async ({ exec }) => void (await program.start(exec))
    await running.add(job('awaits', manual(), hang, { timeout: '1m' }))
    const report = running.trigger('awaits')
    const pids = await program.pids()
    assert(pids.every(isRunning))
    await here.clock.advance(61_000)
    assert.equal((await report)?.status, 'abandoned')
    await untilEnded(pids)
  })

  it('is ended when the agent stops, after the grace period', async (t) => {
    const here = await place(t)
    const program = endless(t)
    const running = await here.begin([job('hang', manual(), async ({ exec }) => void (await program.start(exec)))])
    void running.trigger('hang')
    const pids = await program.pids()
    await here.end(running)
    await untilEnded(pids)
  })

  it('is ended at once when a run of always() is stopped', async (t) => {
    const here = await place(t)
    const program = endless(t)
    const running = await here.begin([job('tail', always(), async ({ exec }) => void (await program.start(exec)))])
    const pids = await program.pids()
    await running.stop()
    await untilEnded(pids)
  })

  it('is ended when another run replaces its run', async (t) => {
    const here = await place(t)
    const program = endless(t)
    let runs = 0
    const run: Run = async ({ exec }) => {
      runs += 1
      if (runs === 1) await program.start(exec)
    }
    const running = await here.begin([job('replaced', manual(), run, { overlap: 'replace' })])
    void running.trigger('replaced')
    const pids = await program.pids()
    await running.trigger('replaced')
    await untilEnded(pids)
  })

  it('is ended, logged, and raises no unhandledRejection when its run succeeds before it ends', async (t) => {
    const here = await place(t)
    const program = endless(t)
    let pids: number[] = []
    const run: Run = async ({ exec }) => {
      void program.start(exec)
      void program.start(exec).then(() => assert.fail('it ended by itself'))
      pids = await program.pids()
    }
    const running = await here.begin([job('leaves', manual(), run)])
    const seen = await unhandled(async () => {
      assert.equal((await running.trigger('leaves'))?.status, 'done')
      await untilEnded(pids)
    })
    assert.deepEqual(seen, [])
    const words = 'program was still running when its run or delivery ended: await what exec() returns'
    assert.deepEqual(here.notes.said(words)[0], { job: 'leaves', file: 'sh' })
  })

  it('does not start once the run is over', async (t) => {
    const here = await place(t)
    let late: Exec | undefined
    const running = await here.begin([job('ends', manual(), ({ exec }) => void (late = exec))])
    await running.trigger('ends')
    await assert.rejects(async () => late?.('sh', []), {
      code: 'TIDINGS_RUN_ENDED',
      message: /^"sh" was started after the run of job "ends" had ended/,
    })
  })

  it('is ended by a given signal too, and rejects with its reason', async (t) => {
    const here = await place(t)
    const program = endless(t)
    const own = new AbortController()
    const [file, args] = family
    const run: Run = async ({ exec }) => {
      const [one = '', two = ''] = ['one', 'two'].map((name) => join(directory, name))
      void pidsIn([one, two]).then(() => own.abort(new Error('enough')))
      await exec(file, [...args, one, two], { signal: own.signal })
    }
    const directory = temporaryDirectory(t)
    const running = await here.begin([job('limits', manual(), run)])
    const report = await running.trigger('limits')
    assert.equal(report?.error?.message, 'enough')
    await untilEnded(await pidsIn(['one', 'two'].map((name) => join(directory, name))))
    void program
  })

  it('may be one of many, without a leak warning', async (t) => {
    const here = await place(t)
    const warnings: string[] = []
    const hear = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', hear)
    t.after(() => process.off('warning', hear))
    const run: Run = async ({ exec }) => void (await Promise.all(Array.from({ length: 15 }, () => exec('true', []))))
    const running = await here.begin([job('many', manual(), run)])
    assert.equal((await running.trigger('many'))?.status, 'done')
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(warnings, [])
  })

  it('is ended when drafts() has no subscribers left', async (t) => {
    const program = endless(t)
    const run$ = runOnce(job('hang', manual(), async ({ exec }) => void (await program.start(exec))))
    const subscription = run$.subscribe()
    const pids = await program.pids()
    subscription.unsubscribe()
    await untilEnded(pids)
  })
})

describe('a program that a handler started', () => {
  it('is ended when the delivery takes too long', async (t) => {
    const here = await place(t)
    const program = endless(t)
    const handle = async (_: unknown, { exec }: { exec: Exec }) => void (await program.start(exec))
    const running = await here.begin([listener('hang', on(made), handle, { timeout: '5s', attempts: 1 })])
    await here.log.accept([one])
    const pids = await program.pids()
    await here.clock.advance(6000)
    await running.drained()
    await untilEnded(pids)
  })

  it('is ended when the delivery ends without it, and when the agent stops', async (t) => {
    const here = await place(t)
    const [left, cut] = [endless(t), endless(t)]
    const running = await here.begin([
      listener('leaves', on(made), async (_, { exec }) => {
        void left.start(exec)
        await left.pids()
      }),
      listener('hangs', on(made), async (_, { exec }) => void (await cut.start(exec))),
    ])
    await here.log.accept([one])
    await untilEnded(await left.pids())
    const words = 'program was still running when its run or delivery ended: await what exec() returns'
    assert.deepEqual(here.notes.said(words), [{ listener: 'leaves', seq: 1, file: 'sh' }])
    const pids = await cut.pids()
    assert(pids.every(isRunning))
    await here.end(running)
    await untilEnded(pids)
  })

  it('is ended when a trial is aborted', async (t) => {
    const program = endless(t)
    const stop = new AbortController()
    const log = await memoryLog()
    const hear = listener('hang', on(made), async (_, { exec }) => void (await program.start(exec)))
    const trial = tryOut({ log, job: job('make', manual(), () => one), listener: hear, signal: stop.signal })
    const pids = await program.pids()
    stop.abort(new Error('interrupted'))
    await trial
    await untilEnded(pids)
    await log.close()
  })
})

describe('exec of a given world', () => {
  it('gets a signal that aborts when it must end', async () => {
    const heard: unknown[] = []
    const exec: Exec = async (_file, _args, options) => {
      heard.push(options?.cwd, options?.signal instanceof AbortSignal)
      return { stdout: 'made up', stderr: '' }
    }
    const run: Run = async ({ exec: given }) => made((await given('git', [], { cwd: '/' })).stdout, { n: 1 })
    const all = await lastValueFrom(runOnce(job('x', manual(), run), { exec, logger: silentLogger }).pipe(toArray()))
    assert.deepEqual([all[0]?.identifier, ...heard], ['made up', '/', true])
  })
})
