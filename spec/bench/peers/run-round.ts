import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inDirectory } from '../workload.ts'
import type { Order } from './child.ts'
import { type Contestant, STEADY } from './contestants.ts'
import type { Installed } from './install.ts'
import type { Round, Workload } from './peer.ts'

/** How long a round may take, in ms. */
const PATIENCE = 15 * 60_000

/** How long a steady rate is kept, in seconds. */
const SECONDS = 5

/** Measures a system once, on an empty store, in a process of its own: that of the compiled `child`, or of Python. */
export async function runRound(
  contestant: Contestant,
  { packages }: Installed,
  { child, events, stop }: { child: string; events: number; stop: AbortSignal },
): Promise<Round & { readonly server: string }> {
  const { peer, inFlight, rates } = contestant
  const run = async (program: string, args: readonly string[]): Promise<Round> => {
    const { stdout } = await promisify(execFile)(program, args, { signal: stop, timeout: PATIENCE })
    // A package may have printed something before.
    return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Round
  }
  return inDirectory(async (directory) => {
    if (peer === undefined) {
      const script = join(import.meta.dirname, 'python-loop.py')
      return { ...(await run('python3', [script, directory, ...[events, STEADY, SECONDS].map(String)])), server: '' }
    }
    const server = await contestant.server?.()
    try {
      const workload: Workload = { events, inFlight, perAccept: 100, rates, seconds: SECONDS }
      const place = { directory, packages, address: server?.address ?? '' }
      const order: Order = { peer, place, workload, ...(server === undefined ? {} : { server: server.pid }) }
      const round = await run(process.execPath, ['--enable-source-maps', '--expose-gc', child, JSON.stringify(order)])
      return { ...round, server: server?.version ?? '' }
    } finally {
      await server?.remove()
    }
  })
}
