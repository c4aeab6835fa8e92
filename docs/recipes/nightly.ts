// I want cron, but with a history, and a mail when the job fails.
//
// Each run becomes a row of a spreadsheet, with its time and the end of its output. A run that was missed, because the
// machine was off, is made up for at the next start. Secret: `SMTP_URL`, as for [feeds](#feeds).
import { agent, cron, eventType, job, listener, on, where } from 'tidings'
import { eq } from 'tidings/filters'
import { notify } from 'tidings/streams/notify'
import { spreadsheet } from 'tidings/streams/spreadsheet'

const ran = eventType('nightly.ran').of<{ ok: boolean; seconds: number; output: string }>()

const nightly = job(
  'nightly',
  cron('30 3 * * *', { timezone: 'Europe/Amsterdam' }),
  async ({ exec, signal, now, slot, publish }) => {
    const began = now()
    const { ok, output } = await exec('restic', ['backup', '/home']).then(
      ({ stdout }) => ({ ok: true, output: stdout }),
      ({ message }: Error) => ({ ok: false, output: message }),
    )
    signal.throwIfAborted()
    const seconds = Math.round((now() - began) / 1000)
    await publish(ran, slot.toISOString(), { ok, seconds, output: output.slice(-2000) })
  },
  { publishes: [ran], timeout: '3h' },
)

export default agent('nightly', [
  nightly,
  listener(
    'history',
    on(ran),
    spreadsheet.appendRow('nightly.csv', ({ identifier, data }) => ({ run: identifier, ...data })),
  ),
  listener(
    'mail',
    on(ran).pipe(where('data.ok', eq(false))),
    notify.email(({ data }) => `restic has failed\n\n${data.output}`, { from: 'me@example.com', to: 'me@example.com' }),
  ),
])
