import type { StoredEvent } from '../core/event.ts'
import type { OpenSpan, SpanFacts } from '../core/tracing.ts'
import type { DeliveryOutcome } from './outcome.ts'

/**
 * The span of one attempt at a delivery. Linked to the span that published the event, not its child: hours may have passed,
 * and the trace of the publisher has ended.
 */
export function processSpan(listener: string, event: StoredEvent, attempt: number): SpanFacts {
  return {
    name: `process ${listener}`,
    kind: 'consumer',
    attributes: {
      'messaging.system': 'tidings',
      'messaging.operation.type': 'process',
      'messaging.destination.name': event.type,
      'messaging.consumer.group.name': listener,
      'tidings.listener': listener,
      'tidings.type': event.type,
      'tidings.identifier': event.identifier,
      'tidings.seq': event.seq,
      'tidings.attempt': attempt,
    },
    link: event.traceparent,
  }
}

/** Ends it with its outcome. */
export function endSpan(span: OpenSpan, outcome: DeliveryOutcome): void {
  const attributes = {
    'tidings.outcome': outcome.end === 'ack' ? 'handled' : outcome.end === 'park' ? 'parked' : 'retry',
  }
  span.end({ attributes, error: outcome.end === 'ack' ? undefined : outcome.error })
}
