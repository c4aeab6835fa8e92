import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { withoutSecrets } from '../../../lib/cli.ts'
import type { ParkedExchange, Secrets } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes, Failure, UsageError } from '../../cli/errors.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logOfCode } from '../../logs/log-of-code.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { findFile } from '../../user/find-file.ts'
import { listenerIn } from '../../user/find-listener.ts'
import { surviveErrors } from '../../user/guards.ts'
import { loadModule } from '../../user/load-module.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { notParked } from './chosen.ts'
import { learnSecrets } from './learn-secrets.ts'
import { specText } from './spec-text.ts'

/** The options of `tidings parked show --as-spec`. */
export interface WriteSpecOptions extends LogCommandOptions, CodeOptions {
  /** Where the spec is written. */
  readonly spec: string
}

/** Writes the spec of a parked event of a listener in this file; resolves to the exit code. */
export async function writeSpec(
  listener: string,
  seq: number,
  file: string,
  options: WriteSpecOptions,
): Promise<number> {
  const { spec } = options
  if (!/\.[cm]?[jt]s$/.test(spec))
    throw new UsageError(
      `--as-spec must name a file such as test/${listener}-${seq}.test.ts, got ${JSON.stringify(spec)}`,
    )
  const { logger, secrets } = await surroundings(options)
  const found = await listenerIn(file, listener)
  surviveErrors(logger)
  if (found.agent === undefined)
    throw new Failure(`${file} exports no agent, which the spec would deliver the event to`)
  const name = await exportOf(file, found.agent)
  const { name: known } = found.listener
  const parked = await askAt(await logOfCode(found.agent, options), (on) => on.parked.exchange(known, seq))
  if (parked === undefined) throw notParked(known, seq)
  await mayWrite(spec, options.yes)
  await mkdir(dirname(spec), { recursive: true })
  await writeFile(spec, specText(clean(parked, secrets), { from: specifier(spec, file), name }))
  if (options.json) printJson({ listener: known, seq, spec })
  else printNote(`${spec} written: it fails until ${JSON.stringify(known)} handles event ${seq}`)
  return exitCodes.ok
}

// The agent has removed the secrets that it knows. Without one, those of this environment count.
function clean(parked: ParkedExchange, secrets: Secrets): ParkedExchange {
  learnSecrets(secrets)
  return withoutSecrets(parked, secrets.scrub)
}

async function exportOf(file: string, agent: unknown): Promise<string> {
  const exports = await loadModule(findFile(file))
  if (exports.default === agent) return 'default'
  const [name] = Object.entries(exports).find(([, value]) => value === agent) ?? []
  return name ?? 'default'
}

async function mayWrite(spec: string, yes: boolean | undefined): Promise<void> {
  const found = await stat(spec).catch(() => undefined)
  if (found === undefined) return
  if (!found.isFile()) throw new UsageError(`${spec} is not a file`)
  await confirm(`this replaces the existing file ${spec}`, yes)
}

function specifier(spec: string, file: string): string {
  const path = relative(dirname(resolve(spec)), resolve(findFile(file))).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}
