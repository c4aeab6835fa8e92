import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { realPause } from '../core/clock.ts'

/** What keeps a process busy, by Node's names: timers, sockets, servers, programs, watchers. */
const BUSY: ReadonlyMap<string, string> = new Map([
  ['Timeout', 'a timer'],
  ['TCPWRAP', 'a connection'],
  ['PIPEWRAP', 'a pipe'],
  ['TLSWRAP', 'a connection'],
  ['UDPWRAP', 'a socket'],
  ['TCPSERVERWRAP', 'a server'],
  ['PIPESERVERWRAP', 'a server'],
  ['PROCESSWRAP', 'a program'],
  ['FSEVENTWRAP', 'a watched file'],
  ['STATWATCHER', 'a watched file'],
  ['WORKER', 'a worker'],
])

/** How long what is being closed may take, in ms of real time. */
const PATIENCE = 5000

const scope = new AsyncLocalStorage<object>()

/** Runs `work`; resolves to what it has started and left running, in words. A timer that is not referenced is fine. */
export async function leftRunning(work: () => Promise<void>): Promise<readonly string[]> {
  const own = {}
  const open = new Map<number, { readonly words: string; readonly resource: { hasRef?(): boolean } }>()
  const hook = createHook({
    init(id, type, _, resource) {
      const words = BUSY.get(type)
      if (words !== undefined && scope.getStore() === own) open.set(id, { words, resource })
    },
    destroy: (id) => void open.delete(id),
  })
  const left = (): readonly string[] =>
    [...open.values()].flatMap(({ words, resource }) => (resource.hasRef?.() === false ? [] : [words]))
  hook.enable()
  try {
    await scope.run(own, work)
    for (let waited = 0; left().length > 0 && waited < PATIENCE; waited += 10) await pause(10)
    return left()
  } finally {
    hook.disable()
  }
}

/** Runs `work` as not belonging to what `leftRunning` watches. */
export function apart<T>(work: () => T): T {
  return scope.exit(work)
}

function pause(ms: number): Promise<void> {
  return apart(() => realPause(ms))
}
