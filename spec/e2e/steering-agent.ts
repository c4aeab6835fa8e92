// What is steered: run as a program, and run by the spec to make the log that the program finds.
import { agent, eventType, every, job, listener, manual, on } from 'tidings'

const note = eventType('note').of<{ text: string }>()
const hears = (name: string) =>
  listener(name, on(note), ({ seq }) => console.log(`${name} heard ${seq}`), { from: 'start' })

export const home = agent('home', [
  job('same', manual(), () => note('a', { text: 'again' })),
  job('fresh', manual(), ({ slot }) => note(slot.toISOString(), { text: 'new' })),
  job('slow', manual(), ({ signal }) => {
    console.log('slow began')
    return new Promise((ended) => signal.addEventListener('abort', () => ended()))
  }),
  job('daily', every().day, () => undefined),
  job('often', every('100ms'), () => console.log('often ran'), { missed: 'skip' }),
  hears('quick'),
  hears(process.env['RESTING'] ?? 'resting'),
  listener(
    'broken',
    on(note),
    ({ seq }) => {
      if (process.env['OUT_OF_ORDER'] !== undefined) throw new Error('out of order')
      console.log(`broken heard ${seq}`)
    },
    { from: 'start', attempts: 1 },
  ),
])
