import fc from 'fast-check'
import { always, defineStream, eventType, type JobContext, job, type StreamFactory } from '../../lib/index.ts'
import type { StreamLawOptions } from '../../lib/testing/index.ts'

/** A message, as its service sends it. */
export interface Message {
  readonly id: string
  readonly text: string
}

const message = eventType('post.message').of<Message>()

/** Receives one message; resolves to whether it is in the log. */
type Receive = (sent: Message) => Promise<boolean>

/** A connection in memory, on which the service sends. */
export interface Connection {
  /** Receives messages until the run ends. */
  listen(receive: Receive, signal: AbortSignal): Promise<void>
}

/** A stream whose endless job receives messages in this way, with the description of its service. */
export function pushed(run: (context: JobContext, connection: Connection) => Promise<void>): {
  readonly stream: StreamFactory<{}>
  readonly service: StreamLawOptions<{}, Message>
} {
  let receive: Receive | undefined
  const connection: Connection = {
    listen: (given, signal) =>
      new Promise((resolve) => {
        receive = given
        signal.addEventListener('abort', () => resolve(), { once: true })
      }),
  }
  const stream = defineStream({
    name: 'post',
    summary: 'Messages that a service sends by itself.',
    events: { message },
    jobs: () => [job('connection', always(), (context) => run(context, connection))],
  })
  const service: StreamLawOptions<{}, Message> = {
    options: {},
    wire: fc.record({ id: fc.nat(9).map(String), text: fc.string() }),
    truth: ({ id }) => id,
    serve: () => ({}),
    push: async (sent) => {
      for (const one of sent) await receive?.(one)
    },
    numRuns: 40,
  }
  return { stream, service }
}

/** Publishes a message; resolves to false if the log rejects it. */
export async function stored({ publish }: JobContext, identifier: string, sent: Message): Promise<boolean> {
  try {
    await publish(message(identifier, sent))
    return true
  } catch {
    return false
  }
}
