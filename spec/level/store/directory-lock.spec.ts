import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openLog } from '../../../lib/level/open-log.ts'
import { repairLog } from '../../../lib/level/repair-log.ts'
import { draft, refused } from '../../../lib/testing/log-bench.ts'
import { compiledProgram } from '../../support/compiled-program.ts'
import { afterAll, temporaryDirectory } from '../../support/temporary-directory.ts'
import type { Asked } from './lock-child.ts'

const locked = refused('TIDINGS_LOG_LOCKED')
const LOCKED = { code: 'TIDINGS_LOG_LOCKED' }
const warn = (): void => undefined

/** Another process. */
class Other {
  readonly child: ChildProcess
  #asked = 0

  private constructor(child: ChildProcess) {
    this.child = child
  }

  static async start(t: TestContext): Promise<Other> {
    const other = new Other(fork(await compiledProgram(join(import.meta.dirname, 'lock-child.ts')), { execArgv: [] }))
    afterAll(t, () => other.kill())
    await once(other.child, 'message')
    return other
  }

  ask<K extends keyof Asked>(what: K, asked: Asked[K]): Promise<unknown> {
    const id = (this.#asked += 1)
    return new Promise((resolve) => {
      const hear = (answer: { readonly id: number; readonly value: unknown }): void => {
        if (answer.id !== id) return
        this.child.off('message', hear)
        resolve(answer.value)
      }
      this.child.on('message', hear)
      this.child.send({ id, what, asked })
    })
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await gone
  }
}

/** Returns the owner files of a log. */
function claims(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('OWNER-'))
}

function removeClaim(directory: string, { child }: Other): void {
  for (const name of claims(directory)) {
    const path = join(directory, name)
    if (textIn(path).includes(`"pid":${child.pid},`)) rmSync(path)
  }
}

// It may be deleted meanwhile.
function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Leaves an owner file in the folder of a log, as another process would have made it. */
function leaveClaim(directory: string, changes: Readonly<Record<string, unknown>>, like: string): string {
  const path = join(directory, 'OWNER-000000001-00000000')
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(like) as object), path: directory, ...changes }))
  return path
}

async function claimOf(directory: string): Promise<string> {
  const log = await openLog(directory, { warn })
  const [name = ''] = claims(directory)
  const text = readFileSync(join(directory, name), 'utf8')
  await log.close()
  return text
}

describe('an open log', () => {
  it('stays closed to other processes, whatever happens to LOCK', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const [holder, second] = await Promise.all([Other.start(t), Other.start(t)])
    assert.equal(await holder.ask('open', { directory }), 'open')
    assert.deepEqual(await second.ask('open', { directory }), LOCKED)
    // Each of these releases LevelDB's own lock.
    await holder.ask('readLock', { directory })
    assert.deepEqual(await second.ask('open', { directory }), LOCKED)
    assert.equal(await holder.ask('openInWorker', { directory }), 'TIDINGS_LOG_LOCKED')
    assert.deepEqual(await second.ask('open', { directory }), LOCKED)
    rmSync(join(directory, 'LOCK'))
    assert.deepEqual(await second.ask('open', { directory }), LOCKED)
    await assert.rejects(repairLog(directory, `${directory}.repaired`), locked)
    // A stopped process still exists.
    holder.child.kill('SIGSTOP')
    assert.deepEqual(await second.ask('open', { directory }), LOCKED)
    holder.child.kill('SIGCONT')
    assert.deepEqual(await holder.ask('put', { identifiers: ['1', '2'] }), ['1', '2'])
    await holder.ask('close', {})
    assert.deepEqual(claims(directory), [])
    assert.equal(await second.ask('open', { directory }), 'open')
    await second.ask('close', {})
  })

  it('is free at once when its process is killed, and one of many gets it', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const others = await Promise.all([Other.start(t), Other.start(t), Other.start(t)])
    const [holder, ...more] = others
    await holder.ask('open', { directory })
    await holder.ask('put', { identifiers: ['1'] })
    await holder.kill()
    assert.equal(claims(directory).length, 1)
    for (let round = 0; round < 20; round++) {
      const told = await Promise.all([
        ...more.map((each) => each.ask('open', { directory })),
        openLog(directory, { warn }).then(
          (log) => log.close().then(() => 'open'),
          ({ code }: { code: string }) => ({ code }),
        ),
      ])
      const opened = more.filter((_, i) => told[i] === 'open')
      for (const each of told) if (each !== 'open') assert.deepEqual(each, LOCKED)
      // That process may have closed the log already.
      assert.ok(opened.length <= 1 && told.includes('open'), JSON.stringify(told))
      for (const each of opened) await each.ask('close', {})
    }
    assert.deepEqual(claims(directory), [])
  })

  it('loses nothing acknowledged while two processes compete for it and its locks are deleted', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const fighters = await Promise.all([Other.start(t), Other.start(t)])
    const acknowledged: string[] = []
    const fight = async (fighter: Other, name: number): Promise<void> => {
      for (let round = 0; round < 15; ) {
        if ((await fighter.ask('open', { directory })) !== 'open') continue
        round += 1
        const identifiers = Array.from({ length: 5 }, (_, i) => `${name} ${round} ${i}`)
        const put = fighter.ask('put', { identifiers })
        await fighter.ask('readLock', { directory }).catch(() => undefined)
        rmSync(join(directory, 'LOCK'), { force: true })
        // Every third round deletes the owner file too: later events must not be acknowledged.
        if (round % 3 === 0) removeClaim(directory, fighter)
        const told = await put
        if (Array.isArray(told)) acknowledged.push(...(told as string[]))
        await fighter.ask('close', {})
      }
    }
    await Promise.all(fighters.map(fight))
    const log = await openLog(directory, { warn: assert.fail })
    const lost: string[] = []
    for (const identifier of acknowledged) if ((await log.get('it', identifier)) === undefined) lost.push(identifier)
    assert.deepEqual(lost, [])
    assert.ok(acknowledged.length >= 100, `only ${acknowledged.length} acknowledged`)
    assert.deepEqual((await log.verify()).problems, [])
    await log.close()
  })

  it('fails and closes once its owner file is gone, and loses nothing acknowledged', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const second = await Other.start(t)
    for (const idle of [false, true]) {
      const log = await openLog(directory, { warn })
      await log.accept([draft(`before ${idle}`)])
      for (const name of ['LOCK', ...claims(directory)]) rmSync(join(directory, name))
      const identifiers = [`second ${idle}`]
      assert.equal(await second.ask('open', { directory }), 'open')
      assert.deepEqual(await second.ask('put', { identifiers }), identifiers)
      if (idle) await new Promise<void>((closed) => void log.committed$.subscribe({ complete: closed }))
      const code = idle ? 'TIDINGS_LOG_CLOSED' : 'TIDINGS_LOG_FAILED'
      await assert.rejects(log.accept([draft('late')]), { code })
      await log.close()
      assert.equal(log.state, 'closed')
      await assert.rejects(log.accept([draft('later')]), { code: 'TIDINGS_LOG_CLOSED' })
      await second.ask('close', {})
      const again = await openLog(directory, { warn: assert.fail })
      assert.ok(await again.get('it', `before ${idle}`))
      assert.ok(await again.get('it', `second ${idle}`))
      assert.equal(await again.get('it', 'late'), undefined)
      assert.deepEqual((await again.verify()).problems, [])
      await again.close()
    }
  })

  it('writes neither MARK nor anything else once its folder was replaced', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory, { warn })
    await log.accept([draft('1')])
    renameSync(directory, `${directory}.moved`)
    await assert.rejects(log.accept([draft('2')]), { code: 'TIDINGS_LOG_FAILED' })
    await log.close()
    assert.ok(!existsSync(directory))
  })

  it('may be copied, and the copy has no owner', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    await log.accept([draft('1')])
    cpSync(directory, `${directory}.copy`, { recursive: true })
    assert.equal(claims(`${directory}.copy`).length, 1)
    const copy = await openLog(`${directory}.copy`)
    assert.ok(await copy.get('it', '1'))
    assert.equal(claims(`${directory}.copy`).length, 1)
    await copy.close()
    await log.close()
  })
})

describe('an owner file that was left behind', () => {
  it('does not count when its process is gone, or its pid was reused', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const like = await claimOf(directory)
    for (const changes of [{ pid: 2 ** 22 + 1 }, { start: '1' }, { pid: 1, start: '1' }]) {
      const path = leaveClaim(directory, changes, like)
      const log = await openLog(directory)
      assert.ok(!existsSync(path), JSON.stringify(changes))
      await log.close()
    }
  })

  it('of a process that can’t be checked counts while it is touched', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const like = await claimOf(directory)
    // The same pid in another container, on another machine, or in a thread that has ended; or an empty owner file.
    const unseen = [{ space: 'another boot' }, { host: 'another' }, {}, { pid: 'none' }]
    for (const changes of unseen) {
      const path = leaveClaim(directory, changes, like)
      const touch = setInterval(() => utimesSync(path, 1, 1), 20)
      await assert.rejects(openLog(directory), locked).finally(() => clearInterval(touch))
      assert.ok(existsSync(path))
    }
    const left = unseen.map(async (changes, i) => {
      const each = `${directory} ${i}`
      mkdirSync(each)
      const path = leaveClaim(each, changes, like)
      const log = await openLog(each)
      assert.ok(!existsSync(path))
      await log.close()
    })
    await Promise.all(left)
  })
})

describe('within one process, a log', () => {
  it('is the same under another name, and only one of many opens it', async (t) => {
    const root = temporaryDirectory(t)
    const [directory, link] = [join(root, 'log'), join(root, 'link')]
    const log = await openLog(directory)
    symlinkSync(directory, link)
    await assert.rejects(openLog(link), locked)
    await log.close()
    const tried = await Promise.allSettled([openLog(link), openLog(directory), openLog(link)])
    const [opened, ...others] = tried.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    assert(opened !== undefined && others.length === 0)
    for (const each of tried) if (each.status === 'rejected') locked(each.reason)
    await opened.accept([draft('1')])
    await opened.close()
  })

  it('can be opened after a failed open', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    await (await openLog(directory)).close()
    await assert.rejects(openLog(directory, { identity: 'identifier' }), refused('TIDINGS_LOG_IDENTITY'))
    await (await openLog(directory)).close()
  })
})
