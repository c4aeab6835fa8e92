import { take } from 'rxjs'
import { distinctByIdentifier, drafts, eventType, every, job, memoryLog, where } from 'tidings'

const greeting = eventType('my_event_type').of<{ payload: string }>()

const myJob = job('my_job', every('100ms'), () => greeting('123', { payload: 'hello world' }))

// The job publishes the same happening five times; what comes out is one event.
const log = await memoryLog()
drafts(myJob)
  .pipe(
    take(5),
    distinctByIdentifier(log),
    where((event) => event.seq > 0),
  )
  .subscribe((event) => console.log(event))
