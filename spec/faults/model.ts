import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAll, commands, type Model } from './model-commands.ts'
import { World } from './model-world.ts'
import { shown } from './results.ts'

/** An agent behaves like a small model, whatever happens to it in any order. */
export function modelSuite(runs: number, tier: 'fast' | 'slow'): void {
  describe('publishes, duplicates, added, removed and renamed listeners, failures, crashes, restarts and clock steps', () => {
    it(`behave as in the model, ${runs} times (a failure prints seed, path and replayPath)`, async (t) => {
      let steps = 0
      const whatever = fc.commands(commands, { maxCommands: 40, size: 'max', ...replayPath() })
      await fc.assert(
        fc.asyncProperty(whatever, async (cmds) => {
          const world = new World()
          const model: Model = { accepted: new Map(), since: new Map(), running: new Set(), seq: 0, names: 0 }
          await world.begin([])
          await fc.asyncModelRun(() => ({ model, real: world }), cmds)
          await checkAll(model, world)
          await world.close()
          steps += [...cmds].length
        }),
        { numRuns: runs, ...replay() },
      )
      t.diagnostic(`${steps} commands`)
      shown({ row: 'model', tier, rounds: `${runs} runs, ${steps} commands`, result: 'as in the model' })
    })
  })
}

// To repeat a failure, set TIDINGS_SEED=… TIDINGS_PATH=… TIDINGS_REPLAY_PATH=… as it was printed.
function replayPath(): { replayPath?: string } {
  const { TIDINGS_REPLAY_PATH: replayPath } = process.env
  return replayPath === undefined ? {} : { replayPath }
}

function replay(): { seed?: number; path?: string } {
  const { TIDINGS_SEED: seed, TIDINGS_PATH: path } = process.env
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) }
}
