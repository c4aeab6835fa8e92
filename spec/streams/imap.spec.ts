import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { type ImapOptions, imap, type Message } from '../../streams/imap.ts'
import { draftsOf, watchStream } from '../support/watch-stream.ts'
import { example, type Mail, type MailServer, mailServer, mailStream, secrets } from './imap-service.ts'

const NOON = Date.UTC(2026, 0, 10, 12)
const DAY = 86_400_000

function mail(uid: number, more: Partial<Mail> = {}): Mail {
  return { uid, received: new Date(NOON - DAY), subject: `mail ${uid}`, text: `text ${uid}`, ...more }
}

/** An agent that watches a folder with these messages. */
async function watch(
  t: { after(work: () => unknown): void },
  mails: readonly Mail[],
  options: Partial<ImapOptions> = {},
) {
  const server = await mailServer(t, mails)
  const clock = { now: NOON }
  const watched = await watchStream(t, mailStream(server, options), { secret: secrets, now: () => clock.now })
  const subjects = (): string[] => watched.told.map(({ data }) => (data as Message).subject)
  return { server, clock, ...watched, subjects }
}

describe('the imap stream', () => {
  it('tells nothing of what is there at the first look, and each later message once', async (t) => {
    const { server, see, subjects } = await watch(t, [mail(1), mail(2)])
    await see()
    assert.deepEqual(subjects(), [])
    server.deliver(mail(0, { id: '<new@x>', subject: 'new' }))
    await see()
    await see()
    assert.deepEqual(subjects(), ['new'])
  })

  it('tells all that came during a long pause', async (t) => {
    const { server, clock, see, subjects } = await watch(t, [mail(1)], { backfill: 1 })
    await see()
    await see()
    clock.now += 30 * DAY
    for (let n = 0; n < 120; n++) server.deliver(mail(0, { id: `<${n}@x>`, subject: `number ${n}` }))
    await see()
    assert.equal(subjects().length, 121)
  })

  it('tells the newest messages of the first look with backfill', async (t) => {
    const { see, subjects } = await watch(t, [mail(1), mail(2), mail(3)], { backfill: 2 })
    await see()
    assert.deepEqual(subjects(), ['mail 2', 'mail 3'])
  })

  it('tells nothing twice when the server renumbers all messages', async (t) => {
    const { server, clock, see, subjects } = await watch(t, [mail(1), mail(2, { id: null, header: 'Received: a' })], {
      backfill: 10,
    })
    await see()
    assert.equal(subjects().length, 2)
    server.mailbox.validity = 2
    server.mailbox.mails = [
      ...server.mailbox.mails.map((one) => ({ ...one, uid: one.uid + 1000, id: one.id ?? `<${one.uid}@example.com>` })),
      mail(2000, { received: new Date(NOON) }),
    ].map((one) => (one.header === undefined ? one : { ...one, id: null }))
    server.mailbox.next = 2001
    clock.now += 3_600_000
    await see()
    assert.deepEqual(subjects(), ['mail 1', 'mail 2', 'mail 2000'])
    server.deliver(mail(0, { subject: 'later', received: new Date(clock.now) }))
    await see()
    assert.deepEqual(subjects().slice(3), ['later'])
  })

  it('tells no old message when a server that was moved gives all of them the date of today', async (t) => {
    const old = Array.from({ length: 600 }, (_, i) => mail(i + 1, { received: new Date(NOON - 90 * DAY) }))
    const { server, clock, see, subjects } = await watch(t, old)
    await see()
    server.mailbox.validity = 2
    clock.now += DAY
    server.mailbox.mails = server.mailbox.mails.map((one) => ({
      ...one,
      id: `<${one.uid}@example.com>`,
      uid: one.uid + 5000,
      received: new Date(clock.now),
    }))
    server.mailbox.next = 5601
    await see()
    assert.deepEqual(subjects(), [])
  })

  it('tells nothing twice when messages are moved away and back', async (t) => {
    const { server, see, subjects } = await watch(t, [mail(1), mail(2)], { backfill: 10 })
    await see()
    server.mailbox.mails = []
    await see()
    server.deliver(mail(0, { id: '<1@example.com>', subject: 'mail 1' }))
    await see()
    assert.deepEqual(subjects(), ['mail 1', 'mail 2'])
  })

  it('finds a message that shows up after one with a higher number, by number and by date', async (t) => {
    const { server, clock, see, subjects } = await watch(t, [mail(1)])
    await see()
    server.mailbox.mails = [mail(1), mail(500, { received: new Date(NOON) })]
    server.mailbox.next = 501
    await see()
    clock.now += 60_000
    // Number 450 with the date of years ago, and number 5 of yesterday.
    server.mailbox.mails = [mail(1), mail(5), mail(450, { received: new Date(0) }), mail(500)]
    await see()
    assert.deepEqual(subjects(), ['mail 500', 'mail 5', 'mail 450'])
  })

  it('tells no old message when those above it are deleted', async (t) => {
    const old = Array.from({ length: 700 }, (_, i) => mail(i + 1, { received: new Date(NOON) }))
    const { server, see, subjects } = await watch(t, old)
    await see()
    server.mailbox.mails = old.slice(0, 150)
    await see()
    server.mailbox.mails = []
    await see()
    server.deliver(mail(0, { subject: 'new' }))
    await see()
    assert.deepEqual(subjects(), ['new'])
  })

  it('looks at the newest messages alone in a folder of 200 000', { timeout: 60_000 }, async (t) => {
    const many = Array.from({ length: 200_000 }, (_, i) => ({ uid: i + 1, received: new Date(NOON - 30 * DAY) }))
    const { server, see, subjects } = await watch(t, many)
    await see()
    server.deliver(mail(0, { subject: 'new', received: new Date(NOON) }))
    await see()
    assert.deepEqual(subjects(), ['new'])
    const numbers = server.commands
      .flatMap((command) => /^UID FETCH (\S+) \(UID FLAGS/.exec(command)?.[1] ?? [])
      .flatMap((set) => set.split(','))
    assert.ok(
      numbers.every((range) => Number.parseInt(range, 10) > 199_500),
      numbers.join(' '),
    )
  })

  it('never changes anything, and never marks a message as read', async (t) => {
    const { server, see } = await watch(t, [mail(1), mail(2, { id: null, header: 'X: y' })], { backfill: 2 })
    await see()
    const verbs = new Set(server.commands.map((command) => /^(UID )?\w+/.exec(command)?.[0]))
    const allowed = ['CAPABILITY', 'ENABLE', 'ID', 'NAMESPACE', 'LOGIN', 'LIST', 'LSUB', 'EXAMINE', 'NOOP', 'LOGOUT']
    for (const verb of verbs) assert.ok([...allowed, 'UID SEARCH', 'UID FETCH'].includes(verb ?? ''), verb)
    for (const command of server.commands) assert.doesNotMatch(command, /BODY\[|RFC822(?!\.SIZE)/)
  })

  it('passes over messages that are deleted between search and fetch', async (t) => {
    const { server, see, subjects } = await watch(t, [mail(1)], { backfill: 5 })
    server.fault = (command) => {
      if (command.startsWith('UID FETCH')) server.mailbox.mails = [mail(2)]
      return undefined
    }
    server.mailbox.mails = [mail(1), mail(2)]
    await see()
    assert.deepEqual(subjects(), ['mail 2'])
  })

  it('loses nothing when the connection breaks at any command', { timeout: 60_000 }, async (t) => {
    const { server, look, see, subjects } = await watch(t, [mail(1), mail(2, { id: null, header: 'X: y' })], {
      backfill: 5,
    })
    await see()
    const usual = server.commands.length
    for (let n = 1; n < usual; n++) {
      server.deliver(mail(0, { id: `<${n}@x>`, subject: `number ${n}` }))
      let left = n
      server.fault = () => (--left === 0 ? 'cut' : undefined)
      await look()
      server.fault = () => undefined
      await see()
      assert.deepEqual(subjects().slice(1 + n), [`number ${n}`])
    }
  })

  it('needs the options that it can not guess, and refuses others', () => {
    assert.throws(() => imap({ host: 'x' } as ImapOptions), { code: 'TIDINGS_STREAM_INVALID', message: /user/ })
    assert.throws(() => imap({ host: 'x', user: 'y', port: 0 }), { code: 'TIDINGS_STREAM_INVALID', message: /port/ })
    assert.deepEqual(
      imap({ host: 'x', user: 'y' }).jobs.map(({ name }) => name),
      ['imap.messages', 'imap.idle'],
    )
  })

  it('has an example', async (t) => {
    assert.deepEqual(
      (await example(t)).map(({ type, identifier }) => [type, identifier]),
      [['imap.message', '<7c1f@shop.example>']],
    )
  })
})

/** A message as the laws send it: its `Message-ID`, or a header without one. */
interface Sent {
  readonly id: number | null
  readonly header: number
  readonly subject: string
  readonly minutes: number
  readonly flags: readonly string[]
}

describe('the laws of the imap stream', () => {
  let server: MailServer | undefined
  const stream = (options: Partial<ImapOptions>) => mailStream({ port: server?.port ?? 1 }, options)
  const laws = streamLaws(stream, {
    options: {},
    wire: fc.record<Sent>({
      id: fc.option(fc.nat(20)),
      header: fc.nat(1000),
      subject: fc.string({ unit: 'grapheme' }),
      minutes: fc.nat(24 * 60),
      flags: fc.subarray(['\\Seen', '\\Flagged']),
    }),
    truth: ({ id, header }) => (id === null ? `header ${header}` : `id ${id}`),
    // Every look finds other numbers.
    serve: (sent) => {
      assert.ok(server)
      server.mailbox.validity += 1
      server.mailbox.next = sent.length + 1
      server.mailbox.mails = sent.map(({ id, header, subject, minutes, flags }, i) => ({
        uid: i + 1,
        id: id === null ? null : `<${id}@x>`,
        header: `Received: ${header}`,
        subject,
        flags,
        received: new Date(Date.UTC(2026, 0, 1) + minutes * 60_000),
      }))
      return { secret: secrets }
    },
    numRuns: 3,
  })
  for (const [name, law] of Object.entries(laws)) {
    it(name, { timeout: 60_000 }, async (t) => {
      server = await mailServer(t)
      await law()
    })
  }
})

describe('a run of the imap stream without a log', () => {
  it('publishes what is there', async (t) => {
    const server = await mailServer(t, [mail(1)])
    assert.equal((await draftsOf(mailStream(server), { secret: secrets, now: () => NOON })).length, 1)
  })
})
