import type { Arbitrary } from 'fast-check'
import type { Fault } from '../agent/simulate/faults.ts'
import { checkOptions } from '../core/options.ts'
import { fc } from './fast-check.ts'

/** The highest number of a write, a call or a delivery, and the longest time in ms: a fault beyond the end does nothing. */
const MOST = { nth: 500, ms: 3_600_000 } as const

/**
 * Lists of faults for `simulate`, from none to `maxLength` (default 10). They shrink to fewer and earlier ones.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for an unknown option
 */
export function arbFaults(
  options: {
    /** The most faults, from 0; default 10. */
    readonly maxLength?: number
  } = {},
): Arbitrary<readonly Fault[]> {
  checkOptions(options, { maxLength: true }, 'TIDINGS_AGENT_INVALID', 'of arbFaults()')
  const { maxLength = 10 } = options
  const nth = fc.integer({ min: 1, max: MOST.nth })
  const ms = fc.integer({ min: 1, max: MOST.ms })
  const is = <N extends Fault['fault']>(name: N): Arbitrary<N> => fc.constant(name)
  const one: Arbitrary<Fault> = fc.oneof(
    fc.record({ fault: is('crash'), write: nth, kept: fc.boolean() }),
    fc.record({ fault: is('disk full'), write: nth, ms }),
    fc.record({ fault: is('clock step'), after: ms, ms: fc.integer({ min: -MOST.ms, max: MOST.ms }), lasts: ms }),
    fc.record({
      fault: is('call fails'),
      call: nth,
      as: fc.constantFrom<'rejects' | 'answers 503' | 'answer lost'>('rejects', 'answers 503', 'answer lost'),
    }),
    fc.record({ fault: is('late'), call: nth }),
    fc.record({ fault: is('handler fails'), delivery: nth, after: fc.boolean() }),
    fc.record({ fault: is('slow'), delivery: nth, ms }),
  )
  return fc.array(one, { maxLength })
}
