import type { Consumer, Log } from '../../log/port.ts'
import type { AgentControl, ListenerControl } from '../run/agent-control.ts'
import { forgetMemory, renameListener } from '../run/rename-listener.ts'

/** A listener that the log knows, steered through the running agent, or else directly in the log. */
export function steerable(log: Log, agent: AgentControl | undefined, name: string): ListenerControl {
  return agent?.listener(name) ?? resting(log, name)
}

function resting(log: Log, name: string): ListenerControl {
  return {
    steer: async (steer) => steer(await log.consumer(name, { start: 'now' })),
    move: async (start, forgets) => {
      if (forgets) await forgetMemory(log, await log.consumer(name, { start: 'now' }))
      await settle(await log.consumer(name, { start, move: true }))
    },
    rename: async (to) => settle(await renameListener(log, name, to)),
  }
}

function settle(consumer: Consumer): Promise<void> {
  return consumer.flush()
}
