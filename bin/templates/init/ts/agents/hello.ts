import { agent, eventType, every, job, listener, on } from 'tidings'

// A kind of event: its name, and the type of its data.
export const minute = eventType('hello.minute').of<{ text: string }>()

// A job looks at something on a schedule and publishes what it finds. The identifier, here the minute, says which
// happening it is: each is told once, however often the job sees it, also after a restart.
export const look = job(
  'look',
  every(10).seconds,
  ({ now }) => {
    const identifier = new Date(now()).toISOString().slice(0, 16)
    return minute(identifier, { text: `hello: it is ${identifier.slice(11)} UTC` })
  },
  { atStart: true },
)

// A listener hears events and acts. If it throws, it hears the event again later.
export const tell = listener('tell', on(minute), ({ data }) => {
  console.log(data.text)
})

export default agent('hello', [look, tell])
