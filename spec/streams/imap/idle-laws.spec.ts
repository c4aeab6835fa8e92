import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../../lib/testing/index.ts'
import type { ImapOptions } from '../../../streams/imap.ts'
import { until } from '../../support/until.ts'
import { type Mail, type MailServer, mailServer, mailStream, secrets } from '../imap-service.ts'

/** A message as the laws send it. */
interface Sent {
  readonly id: number
  readonly subject: string
  readonly flags: readonly string[]
}

describe('the laws of the imap stream with IDLE', () => {
  let server: MailServer | undefined
  const opened = (): MailServer => {
    assert.ok(server)
    return server
  }
  const laws = streamLaws((options: Partial<ImapOptions>) => mailStream({ port: server?.port ?? 1 }, options), {
    options: { idle: true },
    wire: fc.record<Sent>({
      id: fc.nat(20),
      subject: fc.string({ unit: 'grapheme' }),
      flags: fc.subarray(['\\Seen', '\\Flagged']),
    }),
    truth: ({ id }) => String(id),
    // Half of the messages are there for the look; the others come while the second connection waits.
    serve: (sent) => {
      const { mailbox } = opened()
      const there = sent.filter((_, at) => at % 2 === 0)
      mailbox.validity += 1
      mailbox.next = there.length + 1
      mailbox.mails = there.map((one, at) => mailOf(one, at + 1))
      return { secret: secrets }
    },
    push: async (sent, { signal }) => {
      const { mailbox, commands, announce } = opened()
      const from = commands.length
      /** Waits for a command of the connection, from a place on; resolves to the place after it. */
      const seen = (name: string, after: number): Promise<number> =>
        until(() => {
          const at = commands.findIndex((command, place) => place >= after && command.startsWith(name))
          return at >= 0 ? at + 1 : signal.aborted && commands.length
        }, name)
      let place = await seen('EXAMINE', from)
      const later = sent.filter((_, at) => at % 2 === 1)
      mailbox.mails = [...mailbox.mails, ...later.map((one) => mailOf(one, mailbox.next++))]
      if (later.length === 0) return
      announce()
      place = await seen('UID FETCH', place)
      // The stream searches again once everything that it found is published.
      announce(1)
      await seen('UID SEARCH', place)
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

function mailOf({ id, subject, flags }: Sent, uid: number): Mail {
  return { uid, id: `<${id}@x>`, subject, flags, received: new Date(Date.UTC(2026, 0, 1, 21)) }
}
