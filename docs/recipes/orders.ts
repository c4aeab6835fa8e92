// I want a row in a Google sheet for each order, from a webhook.
//
// Stripe calls `http://HOST:8080/orders`; put a proxy with TLS in front. A webhook that is sent twice is one row.
// Secrets: `STRIPE_SECRET`, which signs the webhooks, and `GOOGLE_CREDENTIALS`, the key file of a service account that
// may edit the sheet.
import { agent, listener, on, where } from 'tidings'
import { eq } from 'tidings/filters'
import { hook } from 'tidings/streams/hook'
import { spreadsheet } from 'tidings/streams/spreadsheet'

interface Order {
  readonly data: { readonly object: { id: string; amount_total: number; currency: string; customer_email: string } }
}

export default agent('orders', [
  hook({ port: Number(process.env['PORT'] ?? 8080), path: '/orders', from: 'stripe', secret: 'STRIPE_SECRET' }),
  listener(
    'row',
    on(hook.received).pipe(where('data.event', eq('checkout.session.completed'))),
    spreadsheet.appendRow({ spreadsheet: 'the-id-in-its-address', sheet: 'Orders' }, ({ data }) => {
      const { id, amount_total, currency, customer_email } = (data.body as Order).data.object
      return { order: id, amount: amount_total / 100, currency, customer: customer_email }
    }),
  ),
])
