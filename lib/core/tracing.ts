/** What a span is about. */
export interface SpanFacts {
  /** `job poll`, `publish commit`, `process mail`. */
  readonly name: string
  readonly kind: 'internal' | 'producer' | 'consumer'
  readonly attributes: Readonly<Record<string, string | number>>
  /** The `traceparent` of a span to link to; the text of an event, so it may be anything. */
  readonly link?: string | undefined
}

/** A span that has begun. */
export interface OpenSpan {
  /** Names the span to other processes, in the format of W3C Trace Context; undefined if it is not recorded. */
  readonly traceparent: string | undefined
  /** Runs work with the span as the active one. */
  within<T>(work: () => T): T
  /** Ends the span. */
  end(how: {
    /** Why what it is about has failed. */
    readonly error?: Error | undefined
    readonly attributes?: SpanFacts['attributes']
  }): void
}

/** Makes spans of runs, publishes and deliveries. Without it, nothing is traced, at no cost. */
export interface Tracing {
  begin(facts: SpanFacts): OpenSpan
}
