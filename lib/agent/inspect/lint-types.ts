import { didYouMean } from '../../core/did-you-mean.ts'
import { isEngineType } from '../../core/engine-types.ts'
import type { Job } from '../../job/job.ts'
import type { Listener } from '../../listener/listener.ts'
import { typeTest } from '../../log/type-names.ts'
import { type Finding, type Inspected, jobTitle, listed, listenerTitle } from './finding.ts'
import { hears } from './hears.ts'

type Found = Omit<Finding, 'code'>

/**
 * Listeners whose types nothing publishes. There are two kinds of evidence that something does: a job that says so in
 * `publishes`, and an event in the log. And two doubts: a job that does not say what it publishes, and another listener
 * that may publish.
 */
export function unfed({ agent, seen }: Inspected): readonly Found[] {
  const { jobs, listeners } = agent
  if (jobs.some(({ settings }) => settings.publishes.length === 0)) return []
  const known = [...new Set([...jobs.flatMap(typesOf), ...(seen?.flow.events.map(({ type }) => type) ?? [])])]
  return listeners.flatMap((listener): Found[] => {
    const { types } = listener.source
    const isFed = types === undefined ? jobs.length > 0 : types.some(isEngineType) || known.some(typeTest(types))
    if (isFed || listeners.some((other) => other !== listener && mayPublish(other))) return []
    const hears = types === undefined ? 'events' : listed(types, 'or')
    const near = types?.map((type) => didYouMean(type, known)).find((words) => words !== '') ?? ''
    return [
      {
        part: listenerTitle(listener),
        message: `It hears ${hears}, which no job of the agent publishes.`,
        fix: `Correct the event type${near === '' ? '' : ` (${near.slice('; '.length)})`}, add the job that publishes it, or name it in the options of the job: { publishes: [type] }.`,
      },
    ]
  })
}

/** A handler of one parameter gets no delivery, by which it could publish. */
function mayPublish({ handle }: Listener): boolean {
  return handle.length !== 1
}

/**
 * Event types that jobs publish and no listener hears. A stream may publish many: it is enough if one of them is heard.
 * An agent without listeners only collects events, and is right to.
 */
export function unheard({ agent }: Inspected): readonly Found[] {
  const { jobs, listeners } = agent
  if (listeners.length === 0) return []
  const isHeard = (type: string): boolean => listeners.some((listener) => hears(listener, type))
  const heardStreams = new Set(jobs.filter((job) => typesOf(job).some(isHeard)).map(streamOf))
  return jobs.flatMap((job): Found[] => {
    const stream = streamOf(job)
    if (stream !== undefined && heardStreams.has(stream)) return []
    const types = typesOf(job).filter((type) => !isHeard(type))
    if (types.length === 0) return []
    const message = `It publishes ${listed(types)}, which no listener hears.`
    const fix =
      stream === undefined
        ? 'Listen to it, or leave it out of the job.'
        : `Listen to one of its events, or leave the stream ${JSON.stringify(stream)} out of the agent.`
    return [{ part: jobTitle(job), message, fix }]
  })
}

function typesOf({ settings }: Job): readonly string[] {
  return settings.publishes.map(({ type }) => type as string)
}

/** The stream of a job, which begins its name; undefined for a job of the agent's own. */
function streamOf({ name }: Job): string | undefined {
  const dot = name.indexOf('.')
  return dot < 0 ? undefined : name.slice(0, dot)
}
