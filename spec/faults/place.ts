import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openLog } from '../../lib/level/open-log.ts'
import type { Parked } from '../../lib/log/port.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The folder in which a program runs again and again: a log and a diary. */
export interface Place {
  readonly directory: string
  readonly diary: string
  /** The lines of the diary that begin with this word, without it. */
  lines(...words: readonly string[]): string[]
  /** The parked events of a listener, while no program runs. */
  parked(listener: string): Promise<Parked[]>
}

export function place(t: TestContext): Place {
  const folder = temporaryDirectory(t)
  const directory = join(folder, 'log')
  const diary = join(folder, 'diary')
  writeFileSync(diary, '')
  return {
    directory,
    diary,
    lines(...words) {
      const start = words.map((word) => `${word} `).join('')
      const lines = readFileSync(diary, 'utf8').split('\n').slice(0, -1)
      return lines.flatMap((line) => (`${line} `.startsWith(start) ? [line.slice(start.length)] : []))
    },
    async parked(listener) {
      await using log = await openLog(directory, { warn: () => undefined })
      const consumer = await log.consumer(listener, { start: 'start' })
      const parked: Parked[] = []
      for await (const each of consumer.parked()) parked.push(each)
      return parked
    },
  }
}
