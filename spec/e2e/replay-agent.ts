// Its listeners are told stored events again, while it runs and while it does not.
import { agent, eventType, listener, on } from 'tidings'
import { firstPer } from 'tidings/filters'

const note = eventType('note').of<{ text: string }>()

export const home = agent('home', [
  listener('late', on(note), ({ seq }) => console.log(`late heard ${seq}`)),
  listener('all', on(note), ({ seq }, { key }) => console.log(`all heard ${seq} ${key}`), { from: 'start' }),
  listener('few', on(note).pipe(firstPer('type', { every: '1h' })), ({ seq }) => console.log(`few heard ${seq}`), {
    from: 'start',
  }),
])
