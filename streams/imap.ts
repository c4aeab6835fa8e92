import { always, type Draft, type Duration, defineStream, eventType, type JobContext, job } from '../lib/index.ts'
import { type Folder, openFolder } from './imap/folder.ts'
import { fetchMessages } from './imap/message.ts'
import type { Message } from './imap/types.ts'
import { findMessages, type Place } from './imap/window.ts'
import { count, flag, optional, optionsOf, type Settings, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'

export type { Address, Attachment, Message } from './imap/types.ts'
export type { PollOptions } from './shared/poll.ts'

/** The options of the `imap` stream. */
export interface ImapOptions extends PollOptions {
  /** The name of the mail server, such as `imap.example.com`. */
  readonly host: string
  /** Its port, from 1 to 65535. Default 993, or 143 with `secure: false`. */
  readonly port?: number
  /**
   * Whether the connection begins with TLS, as port 993 has it. Default true. False: it changes to TLS before the login
   * (STARTTLS), and a server that does not offer this is refused, unless `host` is this machine.
   */
  readonly secure?: boolean
  /** The name of the account, mostly the mail address. */
  readonly user: string
  /** The name of the secret that has the account's password, or an app password. Default `'IMAP_PASSWORD'`. */
  readonly password?: string
  /** The folder to watch. Default `'INBOX'`. */
  readonly folder?: string
  /** How often to look, in ms or as a duration, from 1 s. Default `'5m'`. */
  readonly every?: Duration
  /** Whether a second connection stays open, on which the server reports new mail at once (IDLE). Default true. */
  readonly idle?: boolean
}

const message = eventType('imap.message').of<Message>()

const options = optionsOf<ImapOptions>()({
  host: text(),
  port: optional(count(undefined, { min: 1, max: 65_535 })),
  secure: flag(true),
  user: text(),
  password: text('IMAP_PASSWORD'),
  folder: text('INBOX'),
  idle: flag(true),
  ...pollFields('5m'),
})

/**
 * Publishes the mail that arrives in a folder of an IMAP account, also mail that is moved there. It only reads: no flag
 * changes, and nothing is marked as read. It needs the package `imapflow`.
 *
 * A message is published once, by its `Message-ID`, in whichever folders and accounts of the agent it appears, and however
 * the server numbers it. A message without one is known by a digest of its header. Two messages with one `Message-ID`, such
 * as the copies that come directly and through a mailing list, count as one.
 *
 * The job `messages` looks at the folder from time to time, at the messages that came since the last look, and again at
 * those of two days and at the last 100 numbers. With `idle`, the job `idle` has a connection on which the server reports
 * new mail at once; what comes while that is broken, the next look finds. After a change of the server's numbering
 * (UIDVALIDITY), a look finds what came since two days before the last look, at most the newest 500 messages.
 *
 * **Limits.** Gmail, Outlook and most others accept about ten connections of an account; a stream holds one, and a second
 * one during a look. Gmail and iCloud need an app password; accounts that accept only OAuth can't be used.
 *
 * **Errors.** `TIDINGS_MAIL_FAILED` when the server can't be reached, breaks off, or refuses the login or the folder
 * (`details.refused`: the login); a server that does not answer ends the run after a minute, and one that throttles
 * requests is asked again after the time that it suggests. The next look finds what this one missed. A message that is
 * deleted before the look is not told; one without any header is skipped. `TIDINGS_PACKAGE_MISSING` without `imapflow`.
 *
 * @example
 * ```ts
 * import { agent, listener, on, where } from 'tidings'
 * import { endsWith } from 'tidings/filters'
 * import { imap } from 'tidings/streams/imap'
 *
 * const invoices = on(imap.message).pipe(where('data.from.address', endsWith('@shop.example')))
 * export default agent('home', [
 *   imap({ host: 'imap.example.com', user: 'ada@example.com', password: 'IMAP_PASSWORD' }),
 *   listener('invoices', invoices, ({ data }) => console.log(data.subject, data.attachments)),
 * ])
 * ```
 */
export const imap = defineStream({
  name: 'imap',
  summary: 'Mail that arrives in a folder of an IMAP account.',
  events: { message },
  options,
  jobs: (settings) => {
    const { schedule, options } = poll(settings)
    // After a pause there may be much to tell, and all of it is new.
    const look = job('messages', schedule, (context) => messages(settings, context), {
      ...options,
      flood: false,
      timeout: '15m',
      publishes: [message],
    })
    const idle = job('idle', always(), (context) => watch(settings, context), { publishes: [message] })
    return settings.idle ? [look, idle] : [look]
  },
})

type ImapSettings = Settings<typeof options.fields>

async function* messages(settings: ImapSettings, context: JobContext): AsyncGenerator<Draft> {
  const folder = await openFolder(settings, context.secret(settings.password), context.signal)
  try {
    const of = `${settings.user} ${settings.host} ${settings.folder}`
    const known = await context.state.get<Place>('place')
    const { uids, place } = await findMessages(folder, known, { of, now: context.now(), backfill: settings.backfill })
    const fetched = new Set<number>()
    let skipped = 0
    for await (const { identifier, data } of fetchMessages(folder, settings.folder, uids)) {
      fetched.add(data.uid)
      if (identifier === undefined) skipped += 1
      else yield message(identifier, data)
    }
    if (skipped > 0) context.logger.warn({ messages: skipped }, 'messages without a header skipped')
    // Those that were deleted meanwhile are gone; any other that is missing is looked at again, while it is in the window.
    const seen = place.seen.filter((uid) => fetched.has(uid) || !uids.includes(uid))
    context.state.set('place', { ...place, seen })
  } finally {
    await folder.leave()
  }
}

/** Publishes what arrives while the connection lasts; ends when the server closes it. */
async function watch(settings: ImapSettings, context: JobContext): Promise<void> {
  const folder = await openFolder(settings, context.secret(settings.password), context.signal)
  try {
    const news = newsOf(folder)
    // The looks tell what is there already.
    let next = folder.next ?? ((await folder.search({ uid: '*' })).at(-1) ?? 0) + 1
    context.logger.info({ folder: settings.folder }, 'waiting for mail')
    while (folder.client.usable) {
      const found = folder.exists === 0 ? [] : await folder.search({ uid: `${next}:*` })
      const uids = found.filter((uid) => uid >= next)
      for await (const { identifier, data } of fetchMessages(folder, settings.folder, uids)) {
        if (identifier !== undefined) await context.publish(message(identifier, data))
      }
      next = Math.max(next, (uids.at(-1) ?? 0) + 1)
      await news()
    }
    context.logger.info({ folder: settings.folder }, 'connection closed')
  } finally {
    await folder.leave()
  }
}

/** Returns a function that waits for the next report of new mail, or for the end of the connection. */
function newsOf({ client }: Folder): () => Promise<void> {
  let came = false
  let wake = (): void => undefined
  const tell = (): void => {
    came = true
    wake()
  }
  client.on('exists', tell)
  client.on('close', tell)
  return async () => {
    if (!came) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    came = false
  }
}
