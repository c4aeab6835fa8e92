import type { TestContext } from 'node:test'
import { type Answered, answeredTest } from './answered.ts'
import { agentTest, userFolder } from './program.ts'

const example = `
import { always, eventType, every, job, listener, manual, on, Retry, where } from 'tidings'
const greeting = eventType('my_event_type').of<{ payload: string }>()
const other = eventType('other').of<{ n: number }>()
export const myJob = job('my_job', every(2).seconds, ({ publish }) => {
  console.log('running my job')
  publish(greeting, '123', { payload: 'hello world' })
})
export const two = job('two', manual(), () => [greeting('a', { payload: 'A' }), greeting('b', { payload: 'B' }), other('a', { n: 1 })])
export const bad = job('bad', manual(), () => { throw new Error('no luck') }, { retry: 5 })
export const later = job('later', manual(), () => { throw new Retry({ after: '1h' }) })
export const endless = job('endless', always(), ({ publish, signal }) => {
  publish(greeting, 'e', { payload: 'E' })
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
})
export const myListener = listener('my_listener', on(greeting), (event) => {
  console.log('running my listener')
  console.log(event.data.payload)
}, { from: 'start' })
export const picky = listener('picky', on(greeting).pipe(where((event) => event.data.payload === 'B')), (event) => console.log(event.data.payload))
export const failing = listener('failing', on(greeting), () => { throw new Error('listener down') }, { attempts: 9 })
export const chained = listener('chained', on(greeting, other), async (event, { publish }) => {
  if (event.type === 'my_event_type') await publish('other', event.identifier, { n: 2 })
})
`

export const myJob = ['-j', 'example.myJob']
export const myListener = ['-l', 'example.myListener']
/** What was printed in columns. */
export const rows = ({ stdout }: Pick<Answered, 'stdout'>): string[][] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((row) => row.length > 1)
export const new1 = ['published', 'my_event_type', '123', '1', 'new']
export const duplicate = ['published', 'my_event_type', '123', '1', 'duplicate']
export const heard = ['heard', 'my_event_type', '123', '1', 'handled']

type Test = (...args: readonly string[]) => Promise<Answered>

/** A folder with `example.ts` and `jobs/example.mts`, and `agent-test` in it: in this process, or started. */
export function folderOf(t: TestContext): { folder: string; test: Test; started: Test } {
  const folder = userFolder(t, { 'example.ts': example, 'jobs/example.mts': example })
  return {
    folder,
    test: (...args) => answeredTest(folder, args),
    started: (...args) => agentTest(t, folder, args),
  }
}
