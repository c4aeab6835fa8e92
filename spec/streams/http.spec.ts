import { http } from '../../streams/http.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'

httpSourceSuite({
  name: 'http',
  stream: (url) =>
    http({ url: `${url}/items`, identifier: (item) => String((item as { id: number }).id), backfill: 100 }),
  serve: (items) => () => ({ body: items.map((id) => ({ id, title: `item ${id}` })) }),
  conditional: true,
})
