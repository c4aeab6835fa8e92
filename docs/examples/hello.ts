import { agent, eventType, every, job, listener, on } from 'tidings'

const greeting = eventType('my_event_type').of<{ payload: string }>()

export const myJob = job('my_job', every(2).seconds, ({ publish }) => {
  publish(greeting, '123', { payload: 'hello world' })
})

export const myListener = listener('my_listener', on(greeting), (event) => {
  console.log(event.data.payload)
})

export default agent('hello', [myJob, myListener])
