import type * as OpenTelemetry from '@opentelemetry/api'
import type { OpenSpan, SpanFacts, Tracing } from '../core/tracing.ts'

/** Where version 1 of the API keeps what a program has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/**
 * Traces to OpenTelemetry, if this program has registered a provider of traces before. Otherwise nothing is loaded:
 * importing the API takes 50 ms, and each span without a provider 0.1 µs.
 *
 * @param scrub removes known secrets from what leaves the process
 */
export async function openTelemetry(scrub: Scrub): Promise<Tracing | undefined> {
  const { [REGISTERED]: registered } = globalThis as { readonly [REGISTERED]?: { readonly trace?: unknown } }
  if (registered?.trace === undefined) return undefined
  const api = await import('@opentelemetry/api').catch(() => undefined)
  return api === undefined ? undefined : tracingOf(api, scrub)
}

type Scrub = (text: string) => string

function tracingOf(api: typeof OpenTelemetry, scrub: Scrub): Tracing {
  const tracer = api.trace.getTracer('tidings')
  const kinds = {
    internal: api.SpanKind.INTERNAL,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
  }
  const scrubbed = (attributes: SpanFacts['attributes']): SpanFacts['attributes'] =>
    Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [key, typeof value === 'string' ? scrub(value) : value]),
    )
  return {
    begin({ name, kind, attributes, link }: SpanFacts): OpenSpan {
      const linked = spanContextOf(link)
      const links = linked === undefined ? {} : { links: [{ context: { ...linked, isRemote: true } }] }
      // Timers and queues run in the context in which they began: only a publish belongs to what is active.
      const root = kind !== 'producer'
      const span = tracer.startSpan(scrub(name), {
        kind: kinds[kind],
        attributes: scrubbed(attributes),
        root,
        ...links,
      })
      const context = api.trace.setSpan(api.context.active(), span)
      return {
        traceparent: span.isRecording() ? traceparentOf(span.spanContext()) : undefined,
        within: (work) => api.context.with(context, work),
        end: ({ error, attributes: more }) => {
          if (more !== undefined) span.setAttributes(scrubbed(more))
          if (error !== undefined) {
            const message = scrub(error.message)
            span.recordException({ name: error.name, message, stack: scrub(error.stack ?? '') })
            span.setStatus({ code: api.SpanStatusCode.ERROR, message })
          }
          span.end()
        },
      }
    },
  }
}

type SpanContext = Pick<OpenTelemetry.SpanContext, 'traceId' | 'spanId' | 'traceFlags'>

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) }
}
