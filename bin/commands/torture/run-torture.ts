import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exitCodes, Failure } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printNote, printProblem } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'
import { findFile } from '../../user/find-file.ts'
import { durationOf, faultsIn, loadWorld } from '../simulate/simulation.ts'
import { type Judgement, judgeTorture } from './judge-torture.ts'
import { type Torment, type Tormented, torment, torments } from './torment.ts'
import { canLimitFiles } from './victim.ts'

/** The options of `tidings torture`. */
export interface TortureOptions {
  readonly _: readonly string[]
  readonly for: string
  readonly seed: number
  readonly faults: string
  readonly world?: string | undefined
  readonly 'env-file'?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/** How many different requests that the world lacks are listed. */
const MOST_LISTED = 20

/** Torments an agent, and prints what that did; resolves to the exit code. */
export async function runTorture(options: TortureOptions): Promise<number> {
  const [file = ''] = options._
  const length = durationOf(options.for)
  const kinds = await kindsOf(options.faults)
  const path = findFile(file)
  const answers = await loadWorld(options.world)
  const directory = mkdtempSync(join(tmpdir(), 'tidings-torture-'))
  const bar = progressBar(`tormenting ${file}`)
  try {
    const result = await torment({
      file: path,
      world: options.world,
      directory,
      seed: options.seed,
      'env-file': options['env-file'],
      answers,
      length,
      kinds,
      progress: (passed) => bar.show(passed, length),
    })
    bar.end()
    const judgement = await judgeTorture(result, directory)
    const harm = result.timeline.deliveries.length === 0 ? [...judgement.harm, UNTRIED] : judgement.harm
    if (options.json) printJson(jsonOf(result, { ...judgement, harm }))
    else printResult(result, judgement)
    for (const words of harm) printProblem(words)
    return harm.length === 0 ? exitCodes.ok : exitCodes.failed
  } finally {
    bar.end()
    rmSync(directory, { recursive: true, force: true })
  }
}

const UNTRIED = 'no handler was called, so nothing was tried: let the world answer with news'

async function kindsOf(text: string): Promise<readonly Torment[]> {
  const chosen = faultsIn(text, torments)
  const kinds = chosen ?? (Object.keys(torments) as Torment[])
  if (!kinds.includes('diskFull') || (await canLimitFiles())) return kinds
  const why = 'diskFull needs the program prlimit, which Linux has'
  if (chosen !== undefined) throw new Failure(why)
  printNote(`${why}: the disk stays empty`)
  return kinds.filter((kind) => kind !== 'diskFull')
}

function jsonOf({ timeline, lives, counts, refused, exits }: Tormented, { events, parked, harm }: Judgement): object {
  const { agent, seed } = timeline.origin
  const { requests, programs, deliveries } = timeline.counts
  return { agent, seed, lives, faults: counts, requests, programs, events, deliveries, parked, refused, exits, harm }
}

function printResult({ timeline, lives, counts, refused }: Tormented, { events, parked }: Judgement): void {
  const { origin, deliveries } = timeline
  const seconds = Math.round((origin.to - origin.from) / 1000)
  const { kills, stops, clockSteps, diskFull } = counts
  const count = (status: (typeof deliveries)[number]['status']): number =>
    deliveries.filter((delivery) => delivery.status === status).length
  printLine(`${origin.agent}: ${seconds} s, seed ${origin.seed}, ${plural(lives, 'life', 'lives')}`)
  printLine(
    `  ${plural(kills, 'kill')}, ${plural(stops, 'stop')}, ${plural(clockSteps, 'clock step')}, ${plural(diskFull, 'full disk')}`,
  )
  printLine(
    `  ${plural(timeline.counts.requests, 'request')}, ${plural(events, 'event')}, ${plural(deliveries.length, 'delivery', 'deliveries')}: ${count('handled')} handled, ${count('failed')} failed, ${count('cut off')} cut off; ${parked} parked`,
  )
  for (const asked of refused.slice(0, MOST_LISTED)) printNote(`refused, because the world does not have it: ${asked}`)
}
