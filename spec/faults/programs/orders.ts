import { openSync, writeSync } from 'node:fs'
import { systemClock } from '../../../lib/core/clock.ts'
import { defaultLimits } from '../../../lib/core/limits.ts'
import { createLevelLog, type LevelLog } from '../../../lib/level/level-log.ts'
import { ReopeningStore } from '../../../lib/level/session/reopening-store.ts'
import { levelDatabase } from '../../../lib/level/store/database.ts'
import { markFile } from '../../../lib/level/store/marker-file.ts'
import { type Death, lethalSource } from '../lethal-source.ts'

/** What is done with a log while it is in use. */
export type Work = 'prune' | 'compact' | 'back up' | 'restore'

/** What a program is told by the suite that starts it. */
export interface Orders {
  readonly directory: string
  readonly diary: string
  readonly life: number
  readonly death?: Death
  /** Ends by itself when everything is settled, and publishes nothing. */
  readonly last?: boolean
  /** What it does with the log, again and again. */
  readonly work?: Work
  /** What is random in it depends on this, and on the round. */
  readonly seed?: number
  readonly rounds?: number
  /** Whoever sees to it that the process dies is outside. */
  readonly powerCuts?: boolean
}

export const orders = JSON.parse(process.argv[2] ?? '{}') as Orders

// Whoever started this holds the other end: when that dies, in whatever way, nobody is left behind.
process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.resume()
process.stdin.unref()

const diary = openSync(orders.diary, 'a')

/** Writes a line down at once. It need not be synced: what a process wrote outlives it. */
export function note(...words: readonly (string | number)[]): void {
  writeSync(diary, `${words.join(' ')}\n`)
}

/** Opens the log on a real disk; the process dies over it as ordered. */
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
