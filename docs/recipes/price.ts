// I want a message when a price falls below my limit.
//
// One message each time the price comes down across the limit, however long it stays there. A price that is below it at
// the first look makes no message. `select` is a CSS selector: "Inspect" in a browser shows one.
import { agent, listener, on } from 'tidings'
import { crossed } from 'tidings/filters'
import { notify } from 'tidings/streams/notify'
import { web } from 'tidings/streams/web'

const bike = web({ url: 'https://shop.example/bike', select: '.price', kind: 'number', every: '1h', backfill: 1 })

export default agent('price', [
  bike,
  listener(
    'tell',
    on(web.changed).pipe(crossed('data.value', 500, { direction: 'down' })),
    notify.ntfy(({ data }) => ({ message: `The bike costs ${data.value}`, click: data.url }), {
      topic: 'prices-x7f3',
    }),
  ),
])
