// I want a message two weeks before a certificate of my servers expires.
//
// Each server has a job of its own, so that one that is down does not hide the others. One message for each
// certificate, by its fingerprint; an invalid one is read, too. Secret: `SMTP_URL`, as for [feeds](#feeds).
import { once } from 'node:events'
import tls from 'node:tls'
import { agent, eventType, every, job, listener, on } from 'tidings'
import { notify } from 'tidings/streams/notify'

const hosts = ['example.com', 'www.example.com']
const mail = { from: 'Certificates <me@example.com>', to: 'me@example.com' }
const ending = eventType('certificate.ending').of<{ host: string; ends: string; days: number }>()

const looks = hosts.map((host) =>
  job(
    `certificate ${host}`,
    every().day.at('9:00'),
    async ({ now, signal, publish }) => {
      const socket = tls.connect({ host, port: 443, servername: host, rejectUnauthorized: false })
      try {
        await once(socket, 'secureConnect', { signal })
        const { valid_to: ends, fingerprint256 } = socket.getPeerCertificate()
        const days = Math.floor((Date.parse(ends) - now()) / 86_400_000)
        if (days <= 14) await publish(ending, `${host} ${fingerprint256}`, { host, ends, days })
      } finally {
        socket.destroy()
      }
    },
    { publishes: [ending], timeout: '30s', retry: 2 },
  ),
)

export default agent('certificate', [
  looks,
  listener(
    'tell',
    on(ending),
    notify.email(({ data }) => `The certificate of ${data.host} ends in ${data.days} days\n\n${data.ends}`, mail),
  ),
])
