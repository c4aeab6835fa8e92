import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { after, before, describe, it, type TestContext } from 'node:test'
import * as api from '@opentelemetry/api'
import { openTelemetry } from '../../lib/agent/open-telemetry.ts'
import {
  agent,
  connect,
  type Draft,
  job,
  type Log,
  listener,
  manual,
  memoryLog,
  on,
  start,
  where,
} from '../../lib/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A span that has ended. */
interface Ended {
  readonly name: string
  readonly kind: api.SpanKind
  readonly id: string
  readonly trace: string
  readonly parent: string | undefined
  readonly links: readonly string[]
  readonly attributes: api.Attributes
  readonly status: api.SpanStatus
  readonly exceptions: readonly unknown[]
}

const ended: Ended[] = []
let ids = 0
let records = true

/** A provider of spans as the SDK has, without its weight: it keeps every span that has ended. */
const tracer: api.Tracer = {
  startSpan(
    name,
    { kind = api.SpanKind.INTERNAL, attributes = {}, links = [], root } = {},
    context = api.context.active(),
  ) {
    const parent = root === true ? undefined : api.trace.getSpanContext(context)
    const id = (ids += 1).toString(16).padStart(16, '0')
    const trace = parent?.traceId ?? id.padStart(32, 'f')
    const all: api.Attributes = { ...attributes }
    const exceptions: unknown[] = []
    let status: api.SpanStatus = { code: api.SpanStatusCode.UNSET }
    const span: api.Span = {
      spanContext: () => ({ traceId: trace, spanId: id, traceFlags: 1 }),
      setAttribute: (key, value) => ((all[key] = value), span),
      setAttributes: (more) => (Object.assign(all, more), span),
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      setStatus: (given) => ((status = given), span),
      updateName: () => span,
      isRecording: () => records,
      recordException: (exception) => void exceptions.push(exception),
      end() {
        const linked = links.map((link) => link.context.spanId)
        ended.push({
          name,
          kind,
          id,
          trace,
          parent: parent?.spanId,
          links: linked,
          attributes: all,
          status,
          exceptions,
        })
      },
    }
    return span
  },
  startActiveSpan: () => assert.fail('not used'),
}

/** A manager of contexts as the SDK has. */
const storage = new AsyncLocalStorage<api.Context>()
const manager: api.ContextManager = {
  active: () => storage.getStore() ?? api.ROOT_CONTEXT,
  with: (context, work, own, ...args) =>
    storage.run(context, () => work.apply(own as ThisParameterType<typeof work>, args)),
  bind: (_, target) => target,
  enable: () => manager,
  disable: () => manager,
}

async function traced(
  t: TestContext,
  parts: Parameters<typeof agent>[1],
  secrets = {},
): Promise<{ log: Log; run(job: string): Promise<void> }> {
  ended.length = 0
  const log = await memoryLog()
  const running = await start(agent('a', parts), {
    log,
    logger: false,
    ...secrets,
  })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  return {
    log,
    async run(name) {
      await running.trigger(name)
      await running.drained()
    },
  }
}

const named = (name: string): Ended => ended.find((span) => span.name === name) ?? assert.fail(`no span ${name}`)

describe('without a provider of traces', () => {
  it('nothing is traced, and the API is not loaded', async () => {
    assert.equal(await openTelemetry((text) => text), undefined)
  })
})

describe('with a provider of traces', () => {
  before(() => {
    api.trace.setGlobalTracerProvider({ getTracer: () => tracer })
    api.context.setGlobalContextManager(manager)
  })
  after(() => {
    api.trace.disable()
    api.context.disable()
  })

  it('runs, publishes and deliveries are spans; a delivery links to what published its event', async (t) => {
    let within: string | undefined
    const { log, run } = await traced(t, [
      job('poll', manual(), async ({ publish }) => {
        await publish('seen', '1', 1)
        await publish('seen', '1', 1)
      }),
      listener('answer', on('seen'), async (event, { publish }) => {
        within = api.trace.getActiveSpan()?.spanContext().spanId
        await publish('told', event.identifier, 1)
      }),
      listener('deaf', on('seen').pipe(where(() => false)), () => undefined),
    ])
    // Neither is a part of what its caller traces.
    await api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, tracer.startSpan('outer')), () => run('poll'))
    const [polled, seen, process, told] = ['job poll', 'publish seen', 'process answer', 'publish told'].map(named)
    // Two publishes of the job; the filter of `deaf` held its event back.
    assert.equal(ended.length, 5)
    assert.deepEqual(
      [polled, seen, process, told].map((span) => span?.kind),
      [api.SpanKind.INTERNAL, api.SpanKind.PRODUCER, api.SpanKind.CONSUMER, api.SpanKind.PRODUCER],
    )
    assert.equal(polled?.parent, undefined)
    assert.deepEqual([seen?.parent, seen?.trace], [polled?.id, polled?.trace])
    assert.deepEqual([process?.parent, process?.links], [undefined, [seen?.id]])
    assert.notEqual(process?.trace, seen?.trace)
    assert.deepEqual([told?.parent, within], [process?.id, process?.id])
    const { 'tidings.slot': slot, 'tidings.late': late, ...job$ } = polled?.attributes ?? {}
    assert.match(`${String(slot)} ${String(late)}`, /^\d{4}-\S* \d+$/)
    assert.deepEqual(job$, {
      'tidings.job': 'poll',
      'tidings.attempt': 1,
      'tidings.status': 'done',
      'tidings.new': 1,
      'tidings.changed': 0,
      'tidings.duplicate': 1,
    })
    assert.deepEqual(
      ended.filter(({ name }) => name === 'publish seen').map(({ attributes }) => attributes['tidings.status']),
      ['new', 'duplicate'],
    )
    const { attributes } = process ?? assert.fail()
    assert.deepEqual(
      ['messaging.system', 'tidings.seq', 'tidings.attempt', 'tidings.outcome'].map((key) => attributes[key]),
      ['tidings', 1, 1, 'handled'],
    )
    const event = await log.get('seen', '1')
    assert.equal(event?.traceparent, `00-${seen?.trace}-${seen?.id}-01`)
  })

  it('failures are in their spans, without secrets', async (t) => {
    const { run } = await traced(
      t,
      [
        job('poll', manual(), ({ secret }) => {
          throw new Error(`refused ${secret('KEY')}`)
        }),
      ],
      { world: { secret: () => 'hunter2-hunter2' } },
    )
    await run('poll')
    const { status, exceptions } = named('job poll')
    assert.equal(status.code, api.SpanStatusCode.ERROR)
    assert.match(String(status.message), /^refused /)
    assert.equal(JSON.stringify([status, exceptions]).includes('hunter2'), false)
  })

  it('events keep no span that is not recorded', async (t) => {
    records = false
    t.after(() => (records = true))
    const { log, run } = await traced(t, [job('poll', manual(), ({ publish }) => publish('seen', '1', 1))])
    await run('poll')
    assert.equal(Object.hasOwn((await log.get('seen', '1')) ?? {}, 'traceparent'), false)
  })

  it('an event that names a span wrongly gives no link', async (t) => {
    const { log, run } = await traced(t, [
      job('idle', manual(), () => undefined),
      listener('hear', on('*'), () => undefined),
    ])
    const draft: Draft = { type: 'seen', identifier: '1', data: 1 }
    await log.accept([draft], { traceparent: '00-nonsense' })
    await run('idle')
    assert.deepEqual(named('process hear').links, [])
  })

  it('an exported event is imported without its span', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await memoryLog()
    const running = await start(agent('a', []), { log, logger: false, serve: directory })
    const line = JSON.stringify({
      type: 't',
      identifier: '1',
      data: 1,
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    })
    async function* lines() {
      yield Buffer.from(line)
    }
    await (await connect(directory))?.events.import(lines())
    assert.equal((await log.get('t', '1'))?.traceparent, undefined)
    await running.stop()
    await log.close()
  })
})
