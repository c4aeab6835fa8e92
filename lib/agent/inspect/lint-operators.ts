import { type Finding, type Inspected, listenerTitle } from './finding.ts'
import { operatorsIn } from './pipe-operators.ts'

/** Operators that look across values, by their files in rxjs: how they are called, and what to use instead. */
const BLIND: Readonly<Record<string, readonly [called: string, fix: string]>> = {
  audit: ['audit() or auditTime()', "firstPer(key, { every: '1m' })"],
  buffer: ['buffer()', 'digest({ every }), or digest({ size })'],
  bufferCount: ['bufferCount()', 'digest({ size })'],
  bufferTime: ['bufferTime()', 'digest({ every })'],
  bufferToggle: ['bufferToggle()', 'digest({ at })'],
  bufferWhen: ['bufferWhen()', 'digest({ at })'],
  debounce: ['debounce()', "settled(path, '10m')"],
  debounceTime: ['debounceTime()', "settled(path, '10m')"],
  distinct: ['distinct()', 'the identifier of the event, whose purpose it is, or changed(path)'],
  distinctUntilChanged: ['distinctUntilChanged()', 'changed(path)'],
  groupBy: ['groupBy()', 'the option per of changed(path), crossed(path, level) or digest({ every })'],
  pairwise: ['pairwise()', 'changed(path), crossed(path, level), or state'],
  sample: ['sample() or sampleTime()', 'digest({ every }), or a job that polls'],
  scanInternals: ['scan() or reduce()', "countWithin(n, '1h'), or state with { ordered: true }"],
  skip: ['skip()', "the option from of the listener, or first: 'record' of the job"],
  skipLast: ['skipLast()', 'state with { ordered: true }'],
  skipUntil: ['skipUntil()', 'where(test), or the option from of the listener'],
  skipWhile: ['skipWhile()', 'where(test)'],
  take: ['take()', 'firstPer(key, { every }), or a count in state'],
  takeLast: ['takeLast() or last()', 'digest({ every })'],
  takeWhile: ['takeWhile()', 'where(test)'],
  throttle: ['throttle() or throttleTime()', "firstPer(key, { every: '1m' })"],
  throwIfEmpty: ['first() or elementAt()', 'where(test): it fails no delivery when nothing matches'],
  timeInterval: ['timeInterval()', 'the time of the last event in state'],
  toArray: ['toArray()', 'digest({ every })'],
  window: ['window()', 'digest({ every })'],
  windowCount: ['windowCount()', 'digest({ size })'],
  windowTime: ['windowTime()', 'digest({ every })'],
}

/** Operators after which there is at most one value, if there was one before. */
const SINGLE = new Set([
  'where',
  'memory',
  'filter',
  'map',
  'tap',
  'finalize',
  'timeout',
  'timestamp',
  'observeOn',
  'subscribeOn',
  ...Object.keys(BLIND),
])

/** Operators of a pipe that wait for another event, or compare with one: the pipe of a listener sees one at a time. */
export function blindOperators({ agent }: Inspected): readonly Omit<Finding, 'code'>[] {
  return agent.listeners.flatMap((listener) => {
    const found = new Set<string>()
    for (const name of listener.source.operators.flatMap(operatorsIn)) {
      // An event may have become several values, and then such an operator has something to look at.
      if (!SINGLE.has(name)) break
      if (Object.hasOwn(BLIND, name)) found.add(name)
    }
    // First and elementAt are made of take.
    if (found.has('throwIfEmpty')) found.delete('take')
    return [...found].map((name) => {
      const [called, fix] = BLIND[name] as readonly [string, string]
      return {
        part: listenerTitle(listener),
        message: `${called} has nothing to compare: each event goes through the pipe alone.`,
        fix: `Use ${fix} instead.`,
      }
    })
  })
}
