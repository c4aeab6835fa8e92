import { connect } from 'node:net'
import type { SendMailOptions } from 'nodemailer'
import { type Delivery, Park } from '../../lib/index.ts'
import { defined } from '../../lib/streams.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import { checkFunction, either, listOf, optional, optionsOf, settingsOf, text } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { checkText, type Handle, type Make } from './message.ts'

/** A message by email. */
export interface EmailMessage {
  /** The subject, on one line; cut at 200 characters. */
  readonly subject: string
  /** The text. */
  readonly text: string
  /** The same as HTML; default none. */
  readonly html?: string
  /** Who gets it: one address, or several; default as the options say. */
  readonly to?: string | readonly string[]
  /** Where answers are sent; default the sender. */
  readonly replyTo?: string
}

/** The options of `notify.email`. */
export interface EmailOptions {
  /** The sender, such as `Home <home@example.com>`. */
  readonly from: string
  /** Who gets it: one address, or several; default as each message says. */
  readonly to?: string | readonly string[]
  /** The name of the secret with the server, `smtps://user:password@mail.example.com`; default `SMTP_URL`. */
  readonly url?: string
}

const schema = optionsOf<EmailOptions>()({
  from: text(),
  to: optional(either(text(), listOf(text()))),
  url: text('SMTP_URL'),
})

const WHO = 'notify.email'

/**
 * Returns a handler that sends an email by SMTP. A text is the message, and its first line the subject. The `Message-ID` is
 * made of `delivery.key`: programs that know it show an email once that was sent twice, because the answer got lost.
 *
 * A server that answers 4xx, or not at all, is tried again with the backoff of the listener; 5xx parks the event. A line
 * break in a subject or an address parks it as well: it would begin a header. Needs the package `nodemailer`.
 *
 * **Limits**: those of your server; many take a hundred messages an hour.
 *
 * @param message makes the message of what the listener hears
 */
export function email<V>(message: Make<V, string | EmailMessage>, options: EmailOptions): Handle<V> {
  const { from, to, url } = settingsOf(WHO, schema, options)
  checkFunction(WHO, message)
  return async (value, delivery) => {
    const made = await message(value, delivery)
    const { createTransport } = await optionalPackage(WHO, ['nodemailer'], () => import('nodemailer'))
    const mail = mailOf(
      typeof made === 'string' ? { subject: firstLine(made), text: made } : made,
      { from, to },
      delivery,
    )
    const server = serverOf(delivery, url)
    await delivered(delivery, (getSocket) => {
      const transport = createTransport({ url: server, getSocket, ...PATIENCE })
      return transport.sendMail(mail)
    })
  }
}

/** The longest waits of one delivery, in ms: it has 30 s by default. */
const PATIENCE = { greetingTimeout: 10_000, socketTimeout: 20_000, socketCloseTimeout: 0 }

/** What the server said. */
interface Sent {
  readonly rejected?: readonly unknown[]
}

type GetSocket = (
  options: {
    readonly host?: string | undefined
    readonly port?: number | string | undefined
    readonly secure?: boolean | undefined
  },
  callback: (error: Error | null, socket?: { readonly connection: ReturnType<typeof connect> }) => void,
) => void

function firstLine(text: string): string {
  return (
    String(text)
      .trim()
      .split(/[\r\n]/)[0] ?? ''
  )
}

function mailOf(
  message: EmailMessage,
  { from, to }: Pick<EmailOptions, 'from'> & { readonly to: EmailOptions['to'] | undefined },
  { key, now }: Delivery,
): SendMailOptions {
  const recipients = [message?.to ?? to ?? []].flat().map((one) => line('to', one))
  if (recipients.length === 0) throw new Park(`${WHO}: the message has no recipient`)
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost'
  const html = message?.html === undefined ? undefined : checkText(WHO, message.html).toWellFormed()
  return {
    from: line('from', from),
    to: recipients,
    subject: cut(line('subject', message?.subject), 200),
    text: checkText(WHO, message.text).toWellFormed(),
    messageId: `<${key}@${domain}>`,
    date: new Date(now()),
    // Event data names no files or addresses to attach.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...defined({ html, replyTo: message.replyTo === undefined ? undefined : line('replyTo', message.replyTo) }),
  }
}

/** Rejects what would begin another header. */
function line(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !/[\r\n\0]/.test(value)) return value.toWellFormed()
  throw new Park(`${WHO}: ${name} must be text on one line`)
}

function serverOf({ secret }: Delivery, name: string): string {
  const url = secret(name)
  if (URL.canParse(url) && /^smtps?:$/.test(new URL(url).protocol)) return url
  throw new Park(`${WHO}: the secret ${name} is not an address such as smtps://user:password@mail.example.com`)
}

/** Sends over a socket that ends with the delivery, and tells a failure that stays from one that passes. */
async function delivered({ signal, logger }: Delivery, send: (getSocket: GetSocket) => Promise<Sent>): Promise<void> {
  let end = (): void => undefined
  const getSocket: GetSocket = ({ host = 'localhost', port, secure = false }, callback) => {
    const connection = connect({ host, port: Number(port ?? (secure ? 465 : 587)) })
    end = () => void connection.destroy(new Error('the delivery has ended'))
    connection.once('error', callback)
    connection.once('connect', () => {
      connection.off('error', callback)
      callback(null, { connection })
    })
  }
  const abort = (): void => end()
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    const { rejected = [] } = await send(getSocket)
    if (rejected.length > 0) logger.warn({ rejected: rejected.length }, 'some recipients were rejected')
  } catch (cause) {
    signal.throwIfAborted()
    const { responseCode, message } = cause as Error & { readonly responseCode?: number }
    const words = `${WHO}: ${message}`
    if (responseCode !== undefined && responseCode >= 500) throw new Park(words, { cause })
    throw new Error(words, { cause })
  } finally {
    signal.removeEventListener('abort', abort)
    end()
  }
}
