import { type Recording, recordWorld, replay } from '../../../lib/cli.ts'
import type { Secrets, World } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { UsageError } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printNote, printProblem } from '../../print/print.ts'
import { fileToWrite } from '../shared/file-to-write.ts'

/** The options of `tidings test` about fixtures. */
export interface FixtureOptions {
  readonly record?: string | undefined
  readonly fixture?: string | undefined
  readonly yes?: boolean | undefined
}

/** The world of a trial that is recorded, or replayed, or neither. */
export interface TrialWorld {
  readonly world?: World
  /**
   * Writes the recording, or reports what the fixture has no answer to, unless `reported` has it; resolves to whether all
   * is well.
   */
  end(reported: readonly string[]): Promise<boolean>
}

/** Rejects options that contradict each other, and asks before a fixture is replaced. */
export async function checkFixtures({ record, fixture, yes }: FixtureOptions): Promise<void> {
  if (record === undefined) return
  if (fixture !== undefined)
    throw new UsageError('--record makes real requests and --fixture makes none: leave one out')
  const found = await fileToWrite('--record', record)
  if (found !== undefined) await confirm(`this replaces the existing file ${record}`, yes)
}

/** Makes the world of a trial. */
export async function trialWorld({ record, fixture }: FixtureOptions, secrets: Secrets): Promise<TrialWorld> {
  if (record !== undefined) {
    const recording = recordWorld({ secrets })
    return { world: recording.world, end: () => save(recording, record) }
  }
  if (fixture === undefined) return { end: async () => true }
  const { world, missing } = await replay(fixture)
  return {
    world,
    end: async (reported) => {
      // The code under trial may have caught the errors.
      const messages = new Set(missing.map(({ message }) => message))
      for (const message of messages) if (!reported.some((text) => text.includes(message))) printProblem(message)
      return missing.length === 0
    },
  }
}

async function save(recording: Recording, file: string): Promise<boolean> {
  const count = await recording.save(file)
  printNote(`${plural(count, 'exchange')} recorded in ${file}`)
  return true
}
