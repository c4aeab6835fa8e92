import { HOUR } from '../core/time-units.ts'
import { BrokenLaw, type CheckLaw } from './check-law.ts'
import { fc } from './fast-check.ts'
import { leftRunning } from './left-running.ts'
import { compare, expectedOf } from './stream-law-polls.ts'
import type { StreamProcess } from './stream-process.ts'
import { FIRST_POLL, type StreamUnderTest } from './stream-under-test.ts'

/** The process dies in the middle of a poll, and another one starts. */
export async function restarts<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({
    before: fc.nat(6),
    step: fc.nat(12),
    given: fc.array(subject.service.wire, { maxLength: 6 }),
  })
  await checkLaw(cases, async ({ given, before, step }) => {
    const { items, first } = subject.begun(given, before)
    const expected = await expectedOf(subject, items)
    await subject.onLog(async (logged) => {
      if (first.length > 0) await logged.watch.poll(first, FIRST_POLL)
      await logged.watch.poll(items, FIRST_POLL + HOUR, undefined, { step, how: 'dies' })
      logged.restart()
      await logged.watch.poll(items, FIRST_POLL + 2 * HOUR)
      compare(expected, logged)
    })
  })
}

/** The process is asked to stop in the middle of a poll: nothing begins after that, and nothing is left. */
export async function stops<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({ step: fc.nat(6), items: fc.array(subject.service.wire, { maxLength: 6 }) })
  await checkLaw(cases, async ({ items, step }) => {
    await subject.onLog(async ({ watch }) => {
      let process: StreamProcess | undefined
      const left = await leftRunning(async () => {
        process = await watch.poll(items, FIRST_POLL, undefined, { step, how: 'stops' })
      })
      const [late] = process?.late ?? []
      if (late !== undefined) {
        const finding = `it asks for ${late} after it was stopped: give the request the signal of the context`
        throw new BrokenLaw(finding, watch.history)
      }
      if (left.length === 0) return
      const finding = `it leaves ${left.join(', ')} running after its run${process?.isOver === true ? ' was stopped' : ''}`
      throw new BrokenLaw(finding, watch.history, { final: true })
    })
  })
}
