import { background } from '../../core/clock.ts'
import { SECOND } from '../../core/time-units.ts'
import type { Log } from '../../log/port.ts'
import { operationsOf } from '../operations/operations.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { carryOut } from './operations-on.ts'
import { Presence } from './presence.ts'
import { Requests } from './requests.ts'
import { SurpriseWatch } from './surprises.ts'

/** How often an agent looks which pauses are stored, and what differs between the agents, in ms. */
const LOOK = 3 * SECOND

/** Where an agent shows itself to the other processes on a shared log, which can then ask it. */
export interface Joined {
  /** Resolves when what was asked so far is answered, and the agent is no longer shown. */
  leave(): Promise<void>
}

/** Shows an agent on a shared log, and answers what is asked of it there. */
export async function join(log: Log, agent: AgentControl): Promise<Joined> {
  const presence = new Presence(log, agent)
  await presence.start()
  // Its own: what reaches it is not sent on.
  const own = operationsOf(log, agent)
  const requests = new Requests(log, presence.id, (operation, args) => carryOut(own, agent, operation, args))
  requests.start()
  // A pause may be stored just as a job or listener changes hands.
  const surprises = new SurpriseWatch(log, agent, presence.id)
  const look = async (): Promise<void> => {
    await agent.pauseAsStored()
    await surprises.look()
  }
  let looking: Promise<void> | undefined
  const stop = background(() => {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined))
  }, LOOK)
  return {
    async leave() {
      stop()
      await looking
      await surprises.stop().catch(() => undefined)
      await presence.stop()
      await requests.stop()
    },
  }
}
