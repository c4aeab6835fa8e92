import { agent, listener, on, openLog, type Running, start } from '../../../lib/index.ts'
import type { OpenPeer } from './peer.ts'

/** Tidings itself, on a log in a folder. */
export const open: OpenPeer = async ({ directory }) => {
  const log = await openLog(directory)
  let begin: () => Promise<Running>
  let running: Running
  return {
    accept: (drafts) => log.accept(drafts),
    async listen(handle) {
      const hear = listener('hear', on('pr.opened'), ({ identifier }) => handle(identifier))
      begin = () => start(agent('bench', [hear]), { log, logger: false })
      running = await begin()
    },
    // Acks are written within 50 ms; an agent that stops writes them at once.
    async acked() {
      await running.drained()
      await running.stop()
      running = await begin()
    },
    async close() {
      await running.stop()
      await log.close()
    },
  }
}
