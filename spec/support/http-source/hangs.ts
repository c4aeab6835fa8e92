import { it } from 'node:test'
import { localService } from '../local-service.ts'
import { endsInTime, endsWithAgent } from '../silence.ts'
import { type Answers, answersOf, type HttpSource, range, startOf } from './source.ts'

/** The longest that a run of a poll may take, in ms. */
const LIMIT = 120_000

/** Checks what a source does while its service is silent. */
export function hangs(source: HttpSource): void {
  const { job, serve, stream, world } = source
  const silences: Readonly<Record<string, Answers>> = {
    'never answers': () => ({ hang: true }),
    'stops in the middle of an answer': (asked) => ({ ...serve(range(1, 3))(asked), stall: 20 }),
  }
  for (const [silence, answer] of Object.entries(silences)) {
    const hanging = async (t: { after(work: () => unknown): void }) => {
      const service = await localService(t, answer)
      return {
        stream: stream(service.url),
        ...(job === undefined ? {} : { job }),
        world: { ...world, now: () => startOf(source) },
        limit: LIMIT,
        isAsked: () => service.asked.length > 0,
        heal: () => service.answer(answersOf(source, serve(range(1, 3)))),
        events: 3,
      }
    }
    it(`ends a run in its time when the service ${silence}`, { timeout: 60_000 }, async (t) => {
      await endsInTime(t, await hanging(t))
    })

    it(`lets the agent stop while the service ${silence}`, { timeout: 60_000 }, async (t) => {
      await endsWithAgent(t, await hanging(t))
    })
  }
}
