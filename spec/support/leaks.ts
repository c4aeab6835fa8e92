import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, prefix } from './temporary-directory.ts'

/** How long a closed resource may take to disappear on a busy machine, in ms. */
const PATIENCE = 2000

/** Transient work of the event loop, and file reads of late imports: never forgotten by a test. */
const passing = new Set(['Immediate', 'TickObject', 'FSReqCallback', 'FSReqPromise', 'CloseReq'])

/** Results wait for a busy runner: a write to it is no test's. */
function isPassing(name: string): boolean {
  return passing.has(name) || (name === 'SimpleWriteWrap' && process.stdout.writableLength > 0)
}

/** The process events that an agent listens to. (Libraries keep one listener on `exit` for good.) */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException', 'unhandledRejection']

/** The open resources, by name: timers, handles and children, temporary directories, listeners of the process. */
function open(): Map<string, number> {
  const names = [
    ...process.getActiveResourcesInfo().filter((name) => !isPassing(name)),
    ...readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)),
    ...signals.flatMap((name) => Array.from({ length: process.listenerCount(name) }, () => `listener on ${name}`)),
  ]
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

async function check(before: ReadonlyMap<string, number>): Promise<void> {
  const left = (): string[] =>
    [...open()]
      .map(([name, count]) => ({ name, more: count - (before.get(name) ?? 0) }))
      .flatMap(({ name, more }) => (more > 0 ? [`${more} ${name}`] : []))
  // Resources opened at the very end show one turn later.
  await sleep(1)
  for (let waited = 0; left().length > 0 && waited < PATIENCE; waited += 10) await sleep(10)
  const names = left()
  if (names.length > 0) throw new Error(`the test leaves behind: ${names.join(', ')}`)
}

/**
 * Each test of this file fails when it leaves a timer, handle, child process, socket, temporary directory or listener
 * of the process behind. The runner loads this before each spec; elsewhere (a program that a spec starts) it does nothing.
 */
if (/\.(spec|slow)\.[jt]s$/.test(process.argv[1] ?? '')) {
  // These open their own handles at their first use.
  void process.stdout
  void process.stderr
  const befores = new WeakMap<object, ReadonlyMap<string, number>>()
  beforeEach((t) => void befores.set(t, open()))
  afterEach((t) => {
    const before = befores.get(t)
    if (before !== undefined) afterAll(t as TestContext, () => check(before))
  })
}
