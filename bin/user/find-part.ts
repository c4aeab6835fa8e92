import { basename } from 'node:path'
import { didYouMean, isAgent, isJob, isListener, isStream } from '../../lib/cli.ts'
import { type Job, type Listener } from '../../lib/index.ts'
import { UsageError } from '../cli/errors.ts'
import { findFile, isFile } from './find-file.ts'
import { loadModule } from './load-module.ts'

/** Finds the job that `example.myJob` or `example.ts#myJob` names; of a stream in an agent, `home.ts#github.notifications`. */
export function findJob(target: string): Promise<Job> {
  return findPart(target, 'job', isJob)
}

/** Finds the listener that `example.myListener` or `example.ts#myListener` names. */
export function findListener(target: string): Promise<Listener> {
  return findPart(target, 'listener', isListener)
}

async function findPart<P extends Job | Listener>(
  target: string,
  kind: 'job' | 'listener',
  is: (value: unknown) => value is P,
): Promise<P> {
  const [file, name] = split(target, kind)
  const path = findFile(file)
  const exports = await loadModule(path)
  const inStreams = partsOfStreams(Object.values(exports)).filter(is)
  const part = exports[name] ?? inStreams.find((each) => each.name === name)
  if (is(part)) return part
  const names = [...Object.keys(exports).filter((each) => is(exports[each])), ...inStreams.map((each) => each.name)]
  const found =
    part === undefined ? `has no export ${JSON.stringify(name)}` : `exports ${kindOf(part)} as ${name}, not a ${kind}`
  const others = names.length === 0 ? `; it exports no ${kind}` : `; its ${kind}s: ${names.join(', ')}`
  throw new UsageError(`${path} ${found}${didYouMean(name, names) || others}`)
}

// Those whose names have a dot, as no export has: `home.ts#github.notifications`.
function partsOfStreams(exported: readonly unknown[]): readonly (Job | Listener)[] {
  const owners = exported.filter((each) => isAgent(each) || isStream(each))
  const parts = owners.flatMap(({ jobs, listeners }) => [...jobs, ...listeners])
  return parts.filter(({ name }) => name.includes('.'))
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
