// The types of the http stream: an event type of its own checks `data`, and handlers know what their listener hears.
import { eventType, listener, on } from 'tidings'
import { http } from '../../streams/http.ts'

interface Item {
  readonly id: number
  readonly title: string
}

const vacancy = eventType('vacancy').of<{ title: string }>()
const url = 'https://jobs.example/vacancies'

http({
  url,
  items: (answer: { data: Item[] }) => answer.data,
  identifier: (item) => item.id,
  data: (item) => item.title,
})
http({ url, items: 'data', identifier: 'id', type: vacancy, data: ({ title }: Item) => ({ title }) })
// @ts-expect-error the data does not fit the event type
http({ url, identifier: 'id', type: vacancy, data: ({ id }: Item) => ({ id }) })
// @ts-expect-error an identifier is needed
http({ url })

listener('fixed', on(vacancy), http.post({ url }))
listener(
  'made',
  on(vacancy),
  http.post((event) => ({ url, json: { text: event.data.title } })),
)
listener(
  'wrong',
  on(vacancy),
  // @ts-expect-error the event has no such data
  http.post((event) => ({ url, json: event.data.city })),
)
