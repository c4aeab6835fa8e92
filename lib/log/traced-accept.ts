import { asError } from '../core/errors.ts'
import type { Accepted, Draft, Receipt } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import type { Tracing } from '../core/tracing.ts'
import { logReceipt } from './log-receipt.ts'
import type { Log, Origin } from './port.ts'

/** Where drafts are accepted, and who hears of it. */
interface AcceptHost {
  readonly log: Pick<Log, 'accept'>
  readonly environment: { readonly logger: Logger }
  readonly tracing?: Tracing | undefined
}

/** Offers one draft to a log, in a span, and logs the answer. */
export async function acceptOne(draft: Draft, origin: Origin, host: AcceptHost): Promise<Receipt> {
  const [receipt] = await tracedAccept(host.log, [draft], origin, host.tracing)
  logReceipt(host.environment.logger, draft, receipt as Receipt)
  return receipt as Receipt
}

/** Offers drafts to a log, in a span `publish TYPE`. New events keep its `traceparent` if the span is recorded. */
export async function tracedAccept(
  log: Pick<Log, 'accept'>,
  drafts: readonly Draft[],
  origin: Origin,
  tracing: Tracing | undefined,
): Promise<readonly Accepted[]> {
  const type = drafts[0]?.type
  // State is stored without any draft.
  if (type === undefined || tracing === undefined) return log.accept(drafts, origin)
  const span = tracing.begin({
    name: `publish ${type}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'tidings',
      'messaging.operation.type': 'send',
      'messaging.destination.name': type,
      'tidings.type': type,
      ...(drafts.length === 1
        ? { 'tidings.identifier': drafts[0]?.identifier ?? '' }
        : { 'messaging.batch.message_count': drafts.length }),
    },
  })
  const { traceparent } = span
  const given = traceparent === undefined ? origin : { ...origin, traceparent }
  try {
    const answers = await span.within(() => log.accept(drafts, given))
    const [first] = answers
    const one = answers.length === 1 && first !== undefined
    span.end({ attributes: one ? { 'tidings.status': first.status, 'tidings.seq': first.seq } : {} })
    return answers
  } catch (thrown) {
    span.end({ error: asError(thrown) })
    throw thrown
  }
}
