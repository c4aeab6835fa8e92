// Runs a user's agent for `tidings torture`. Its world is in the parent, which outlives it.
import {
  PendingFaults,
  placeholder,
  realPause,
  type SteppedClock,
  systemClock,
  type WatchHost,
  watchedAgent,
  withSimulatedGlobals,
} from '../../lib/cli.ts'
import { openLog, type Running, start } from '../../lib/index.ts'
import { loadWorld } from '../commands/simulate/simulation.ts'
import type { FromAgent, Orders, ToAgent } from '../commands/torture/messages.ts'
import { printNote } from '../print/print.ts'
import { surviveErrors } from '../user/guards.ts'
import { loadAgent } from '../user/load-agent.ts'
import { surroundings } from '../user/surroundings.ts'
import { RemoteWorld } from './remote-world.ts'

/** How often a wait for an instant looks at the clock, which may have been set, in ms. */
const LOOK = 100

/** How long a run that is asked for may take before the next job is asked, in ms. */
const PATIENCE = 2000

/** The pause between two runs that are asked for, in ms. */
const PAUSE = 50

const orders = JSON.parse(process.argv[2] ?? 'null') as Orders
let { ahead } = orders

const clock: SteppedClock = {
  now: () => systemClock.now() + ahead,
  timer: (run, ms) => systemClock.timer(run, ms),
  timerAt(run, at) {
    let cancel = (): void => undefined
    const look = (): void => {
      cancel = systemClock.timer(
        () => (clock.now() >= at ? run() : look()),
        Math.min(Math.max(at - clock.now(), 0), LOOK),
      )
    }
    look()
    return () => cancel()
  },
}

const tell = (message: FromAgent): void => void process.send?.(message)

/** Reports each call of a handler before it begins, and when it has ended. */
const recorder: WatchHost['recorder'] = {
  mark: () => undefined,
  delivery(given) {
    const delivery = faults.deliveries
    tell({ told: 'begun', delivery, ...given })
    return { ended: (status, error) => tell({ told: 'ended', delivery, status, error }) }
  },
}
const faults = new PendingFaults([])
const world = new RemoteWorld(tell)

process.on('disconnect', () => process.exit(1))
try {
  await withSimulatedGlobals(() => clock.now(), Math.random, live)
} catch (error) {
  // Uncaught, it would be survived: the process would wait for its parent, which waits for it. Its last line is reported.
  printNote((error as Error).message.replaceAll(/\s*\n\s*/g, ' '))
  process.exit(1)
}

async function live(): Promise<void> {
  const { secrets, logger } = await surroundings({ 'log-level': 'error', 'env-file': orders['env-file'] })
  surviveErrors(logger)
  const loaded = await loadAgent(orders.file)
  const given = await loadWorld(orders.world)
  const { secret } =
    typeof given === 'function' ? given({ now: clock.now, random: Math.random, seed: orders.seed }) : given
  const agent = watchedAgent(loaded, {
    clock,
    virtual: clock,
    recorder,
    faults,
    world,
    isAlive: () => true,
    outside: (work) => work,
  })
  const log = await openLog(orders.directory, { clock })
  const caller = { by: 'the pipe of a listener' }
  const running = await start(agent, {
    log,
    clock,
    logger,
    secrets,
    world: {
      fetch: world.fetchFor(caller),
      exec: world.execFor(caller),
      now: clock.now,
      secret: (name) => secret?.(name) ?? placeholder(name),
    },
  })
  const resting = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    process.on('message', (message: ToAgent) => {
      if (message.tell === 'answer') world.answer(message.id, message.answered)
      else if (message.tell === 'step') ahead += message.ms
      else if (message.tell === 'stop') resolve()
      else {
        resting.abort()
        void running.drained().then(() => tell({ told: 'drained' }))
      }
    })
  })
  tell({ told: 'up', agent: agent.name })
  await askForRuns(running, agent.jobs, resting.signal)
  await stopped
  await running.stop()
  await log.close()
  process.disconnect()
}

/** Runs the jobs one after the other, by hand: their schedules would take too long. */
async function askForRuns(
  running: Running,
  jobs: readonly { readonly name: string }[],
  resting: AbortSignal,
): Promise<void> {
  for (let turn = 0; !resting.aborted; turn++) {
    const job = jobs[turn % jobs.length]
    if (job === undefined) return
    // A run that fails is what the world, or a fault, made of it; it is not what is tested.
    await Promise.race([running.trigger(job.name).catch(() => undefined), realPause(PATIENCE)])
    await realPause(PAUSE)
  }
}
