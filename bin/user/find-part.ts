import { basename } from 'node:path'
import { didYouMean, isAgent, isJob, isListener, isStream } from '../../lib/cli.ts'
import { type Job, type Listener } from '../../lib/index.ts'
import { UsageError } from '../cli/errors.ts'
import { findFile, isFile } from './find-file.ts'
import { loadModule } from './load-module.ts'

/**
 * Finds the job that `example.myJob` or `example.ts#myJob` names: an export, or a job of a stream, such as
 * `home.ts#github.notifications`. With a file, the target is the name of an export or of a job, also of one that a function
 * has made: among the exports, and in the agents and streams that are exported.
 */
export function findJob(target: string, file?: string): Promise<Job> {
  return findPart(target, file, 'job', isJob)
}

/** Finds a listener as `findJob` finds a job. */
export function findListener(target: string, file?: string): Promise<Listener> {
  return findPart(target, file, 'listener', isListener)
}

async function findPart<P extends Job | Listener>(
  target: string,
  given: string | undefined,
  kind: 'job' | 'listener',
  is: (value: unknown) => value is P,
): Promise<P> {
  const [file, name] = given === undefined ? split(target, kind) : [given, target]
  const path = findFile(file)
  const exports = await loadModule(path)
  const all = Object.values(exports).flatMap(partsIn).filter(is)
  // No export has a dot in its name: such a part is of a stream.
  const parts = given === undefined ? all.filter((each) => each.name.includes('.')) : all
  const exported = exports[name]
  const part = is(exported) ? exported : parts.find((each) => each.name === name)
  if (part !== undefined) return part
  const exportNames = given === undefined ? Object.keys(exports).filter((each) => is(exports[each])) : []
  const names = [...new Set([...exportNames, ...parts.map((each) => each.name)])]
  const isOther = exported !== undefined
  const found = isOther
    ? `exports ${kindOf(exported)} as ${name}, not a ${kind}`
    : `has no ${given === undefined ? 'export' : kind} ${JSON.stringify(name)}`
  const others = names.length === 0 ? `; it exports no ${kind}` : `; its ${kind}s: ${names.join(', ')}`
  throw new UsageError(`${path} ${found}${didYouMean(name, names) || others}`)
}

// The parts that an export is or holds, also those that a function has made.
function partsIn(value: unknown): readonly (Job | Listener)[] {
  if (isJob(value) || isListener(value)) return [value]
  if (Array.isArray(value)) return value.flatMap(partsIn)
  return isAgent(value) || isStream(value) ? [...value.jobs, ...value.listeners] : []
}

function split(target: string, kind: string): readonly [file: string, name: string] {
  const hash = target.lastIndexOf('#')
  // A dot in a folder's name is not a separator: ../jobs/example
  const dot = basename(target).includes('.') ? target.lastIndexOf('.') : -1
  const at = hash >= 0 ? hash : isFile(target) ? -1 : dot
  const parts = [target.slice(0, at), target.slice(at + 1)] as const
  if (at > 0 && parts[1] !== '') return parts
  const expected = `write FILE.EXPORT, such as example.my${kind === 'job' ? 'Job' : 'Listener'}`
  throw new UsageError(`${JSON.stringify(target)} does not name a ${kind}: ${expected}`)
}

/** Describes an export in words: `a job`, `a promise`, `undefined`. */
export function kindOf(value: unknown): string {
  if (isJob(value)) return 'a job'
  if (isListener(value)) return 'a listener'
  if (isAgent(value)) return 'an agent'
  if (isStream(value)) return 'a stream'
  if (typeof value === 'function') return 'a function'
  if (value instanceof Promise) return 'a promise'
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}
