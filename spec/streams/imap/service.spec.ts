import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Message } from '../../../streams/imap.ts'
import { endsInTime, endsWithAgent } from '../../support/silence.ts'
import { watchStream } from '../../support/watch-stream.ts'
import { type Fault, type Mail, mailServer, mailStream, secrets } from '../imap-service.ts'

const NOON = Date.UTC(2026, 0, 10, 12)

/** In ms. */
const HOUR = 3_600_000

type Test = { after(work: () => unknown): void }

/** A message of the hour before noon, by a clock that is so many ms ahead. */
function mail(uid: number, skew = 0): Mail {
  return { uid, subject: `mail ${uid}`, received: new Date(NOON - HOUR + skew) }
}

async function watch(t: Test, mails: readonly Mail[]) {
  const server = await mailServer(t, mails)
  const clock = { now: NOON }
  const world = { secret: secrets, now: () => clock.now }
  const watched = await watchStream(t, mailStream(server, { backfill: 10 }), world)
  const subjects = (): string[] => watched.told.map(({ data }) => (data as Message).subject)
  return { server, clock, ...watched, subjects }
}

const skews = { 'five hours': 5 * HOUR, 'two years': 17_520 * HOUR }

describe('the imap stream and its server', () => {
  for (const command of ['LOGIN', 'UID SEARCH', 'UID FETCH']) {
    const hanging = async (t: Test) => {
      const server = await mailServer(t, [mail(1), mail(2)])
      server.fault = (given): Fault => (given.startsWith(command) ? 'hang' : undefined)
      return {
        stream: mailStream(server, { backfill: 10 }),
        world: { secret: secrets, now: () => NOON },
        limit: 900_000,
        isAsked: () => server.commands.some((given) => given.startsWith(command)),
        heal: () => (server.fault = () => undefined),
        events: 2,
      }
    }
    it(`ends a look in its time when the server never answers ${command}`, async (t) => {
      await endsInTime(t, await hanging(t))
    })

    it(`lets the agent stop while the server does not answer ${command}`, async (t) => {
      await endsWithAgent(t, await hanging(t))
    })
  }

  for (const [long, skew] of Object.entries(skews)) {
    for (const [where, ahead] of [
      ['ahead', skew],
      ['behind', -skew],
    ] as const) {
      it(`tells each message once while the server's clock is ${long} ${where}`, async (t) => {
        const { server, see, subjects } = await watch(t, [mail(1, ahead), mail(2, ahead)])
        await see()
        server.deliver(mail(0, ahead))
        await see()
        await see()
        assert.deepEqual(subjects(), ['mail 1', 'mail 2', 'mail 0'])
      })

      it(`tells each message once after our clock was ${long} ${where}`, async (t) => {
        const { server, clock, see, subjects } = await watch(t, [mail(1)])
        clock.now = NOON + ahead
        await see()
        server.deliver({ ...mail(0), subject: 'meanwhile' })
        await see()
        clock.now = NOON
        server.deliver({ ...mail(0), subject: 'then' })
        await see()
        // Moved here from another folder: a low number would be too old to be looked at, this one is not.
        server.mailbox.mails = [...server.mailbox.mails, { ...mail(90), subject: 'late' }]
        server.mailbox.next = 91
        await see()
        await see()
        assert.deepEqual(subjects(), ['mail 1', 'meanwhile', 'then', 'late'])
      })
    }
  }

  it('tells each message once when the server renumbers while our clock steps back', async (t) => {
    const { server, clock, see, subjects } = await watch(t, [mail(1), mail(2)])
    await see()
    for (const step of [3, 300]) {
      clock.now -= step * HOUR
      server.mailbox.validity += 1
      server.mailbox.mails = server.mailbox.mails.map((one) => ({
        ...one,
        id: one.id ?? `<${one.uid}@example.com>`,
        uid: one.uid + 100,
      }))
      server.mailbox.next += 100
      await see()
      server.deliver({ ...mail(0), id: `<step-${step}@x>`, subject: `after ${step}` })
      await see()
      clock.now += step * HOUR
      await see()
    }
    assert.deepEqual(subjects(), ['mail 1', 'mail 2', 'after 3', 'after 300'])
  })

  it('refuses an answer that is too large, and finds the others when it is gone', {
    timeout: 60_000,
  }, async (t) => {
    const { server, look, see, subjects } = await watch(t, [
      mail(1),
      { ...mail(2), subject: 'x'.repeat(17 * 1024 * 1024) },
    ])
    const { error } = await look()
    assert.equal((error as { code?: string } | undefined)?.code, 'TIDINGS_MAIL_FAILED')
    server.mailbox.mails = [mail(1), mail(3)]
    await see()
    assert.deepEqual(subjects(), ['mail 1', 'mail 3'])
  })
})
