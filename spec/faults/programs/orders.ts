import { openSync, writeSync } from 'node:fs'
import { systemClock } from '../../../lib/core/clock.ts'
import { defaultLimits } from '../../../lib/core/limits.ts'
import { createLevelLog } from '../../../lib/level/create-level-log.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { ReopeningStore } from '../../../lib/level/session/reopening-store.ts'
import { levelDatabase } from '../../../lib/level/store/database.ts'
import { markFile } from '../../../lib/level/store/marker-file.ts'
import { type Death, lethalSource } from '../lethal-source.ts'

/** Work on a log while it is in use. */
export type Work = 'prune' | 'compact' | 'back up' | 'restore'

/** The orders of a suite to the program that it starts. */
export interface Orders {
  readonly directory: string
  readonly diary: string
  readonly life: number
  readonly death?: Death
  /** Ends by itself when everything is settled, and publishes nothing. */
  readonly last?: boolean
  /** The work to do on the log, again and again. */
  readonly work?: Work
  /** The seed of its random choices, together with the round. */
  readonly seed?: number
  readonly rounds?: number
  /** The process is killed from outside. */
  readonly powerCuts?: boolean
}

export const orders = JSON.parse(process.argv[2] ?? '{}') as Orders

// The suite holds the other end: when it dies in any way, this process ends too.
process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.resume()
process.stdin.unref()

const diary = openSync(orders.diary, 'a')

/** Writes a line at once. It need not be synced: written data outlives the process. */
export function note(...words: readonly (string | number)[]): void {
  writeSync(diary, `${words.join(' ')}\n`)
}

/** Opens the log on a real disk; the process dies as ordered. */
export async function openMortal(): Promise<LevelLog> {
  const source = levelDatabase(orders.directory)
  const life = await ReopeningStore.open({
    source: orders.death === undefined ? source : lethalSource(source, orders.death),
    marks: markFile(orders.directory),
    clock: systemClock,
    durability: 'disk',
    identity: undefined,
    warn: (message) => note('warning', message),
  })
  return createLevelLog(life, defaultLimits)
}
