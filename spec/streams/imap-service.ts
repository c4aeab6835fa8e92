import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Draft } from '../../lib/index.ts'
import { type ImapOptions, imap } from '../../streams/imap.ts'
import { draftsOf, secretsOf } from '../support/watch-stream.ts'

/** A message on the server. */
export interface Mail {
  readonly uid: number
  /** The `Message-ID`; null for none. */
  readonly id?: string | null
  readonly subject?: string | null
  readonly from?: readonly [name: string | null, mailbox: string, host: string] | null
  readonly date?: string | null
  /** When the server received it. */
  readonly received?: Date
  readonly flags?: readonly string[]
  /** The text of a message of one part. */
  readonly text?: string | Buffer
  /** The BODYSTRUCTURE; default that of a plain text. */
  readonly structure?: string
  /** The parts by their numbers, for a message of several. */
  readonly parts?: Readonly<Record<string, string | Buffer>>
  readonly header?: string
}

/** An account of one folder. */
export interface Mailbox {
  validity: number
  next: number
  mails: readonly Mail[]
}

/** What happens to a command instead of an answer. */
export type Fault = 'hang' | 'cut' | 'refuse' | { readonly throttled: number } | undefined

/** A mail server on the loopback. */
export interface MailServer {
  readonly port: number
  readonly mailbox: Mailbox
  /** All commands so far, without their tags. */
  readonly commands: readonly string[]
  /** Decides the fate of each command; default: all are answered. */
  fault: (command: string) => Fault
  /** Adds a message with the next number, and tells those that wait. */
  deliver(mail: Omit<Mail, 'uid'>): number
  /** Tells all connections how many messages there are, and so many `more`. */
  announce(more?: number): void
  /** The number of open connections. */
  readonly connections: number
  /** Cuts all connections. */
  cut(): void
}

const PASSWORD = 'open sesame'
const CRLF = '\r\n'

/** Starts a mail server, which stops when the test ends. */
export async function mailServer(
  t: { after(work: () => unknown): void },
  mails: readonly Mail[] = [],
  host = '127.0.0.1',
): Promise<MailServer> {
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const idle = new Set<Socket>()
  const mailbox: Mailbox = { validity: 1, next: mails.reduce((most, { uid }) => Math.max(most, uid), 0) + 1, mails }
  const service = {
    fault: (): Fault => undefined,
    deliver(mail: Omit<Mail, 'uid'>): number {
      const uid = mailbox.next++
      mailbox.mails = [...mailbox.mails, { ...mail, uid }]
      for (const socket of idle) socket.write(`* ${mailbox.mails.length} EXISTS${CRLF}`)
      return uid
    },
    announce(more = 0): void {
      for (const socket of sockets) socket.write(`* ${mailbox.mails.length + more} EXISTS${CRLF}`)
    },
    get connections() {
      return sockets.size
    },
    cut: () => sockets.forEach((socket) => socket.destroy()),
  } as unknown as { -readonly [K in keyof MailServer]: MailServer[K] }
  const connected = (socket: Socket): void => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => void (sockets.delete(socket), idle.delete(socket)))
    socket.on('error', () => undefined)
    socket.write(`* OK [CAPABILITY IMAP4rev1 IDLE] hello${CRLF}`)
    let rest = ''
    let idling: string | undefined
    socket.on('data', (part: Buffer) => {
      rest += part.toString('latin1')
      for (let at = rest.indexOf(CRLF); at >= 0; at = rest.indexOf(CRLF)) {
        const line = rest.slice(0, at)
        rest = rest.slice(at + 2)
        if (line === 'DONE') {
          idle.delete(socket)
          socket.write(`${idling} OK done${CRLF}`)
          continue
        }
        const [, tag = '', command = ''] = /^(\S+) (.*)$/.exec(line) ?? []
        commands.push(command)
        const fate = service.fault(command)
        if (fate === 'cut') return void socket.destroy()
        if (fate === 'hang') continue
        if (command === 'IDLE') {
          idling = tag
          idle.add(socket)
          socket.write(`+ idling${CRLF}`)
          continue
        }
        if (typeof fate === 'object') {
          const words = `Request is throttled. Suggested Backoff Time: ${fate.throttled} milliseconds`
          socket.write(`${tag} BAD ${words}${CRLF}`)
          continue
        }
        const told = fate === 'refuse' ? undefined : answer(command, mailbox)
        const lines = (told ?? []).flatMap((one) => [Buffer.from('* '), one, Buffer.from(CRLF)])
        const refused = command.startsWith('LOGIN') ? '[AUTHENTICATIONFAILED] wrong password' : 'refused'
        const end = `${tag} ${told === undefined ? `NO ${refused}` : 'OK fine'}${CRLF}`
        socket.write(Buffer.concat([...lines, Buffer.from(end)]))
      }
    })
  }
  const server = createServer(connected)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.after(() => {
    service.cut()
    server.close()
  })
  return Object.assign(service, { port: (server.address() as AddressInfo).port, mailbox, commands })
}

/** The untagged answers to a command; undefined if it is refused. */
function answer(command: string, mailbox: Mailbox): Buffer[] | undefined {
  const text = (...lines: string[]): Buffer[] => lines.map((line) => Buffer.from(line))
  if (command.startsWith('LOGIN ')) return command.endsWith(`"${PASSWORD}"`) ? [] : undefined
  if (command === 'LIST "" ""') return text('LIST (\\Noselect) "/" ""')
  if (command.startsWith('LIST ')) return text('LIST () "/" INBOX')
  if (command.startsWith('EXAMINE ')) {
    if (command !== 'EXAMINE INBOX') return undefined
    const { validity, next, mails } = mailbox
    return text(`${mails.length} EXISTS`, `OK [UIDVALIDITY ${validity}] valid`, `OK [UIDNEXT ${next}] next`)
  }
  const sorted = inOrder(mailbox.mails)
  const [, query = ''] = /^UID SEARCH (.*)$/.exec(command) ?? []
  if (query !== '') {
    const test = compile(query.match(/[()]|[^\s()]+/g) ?? [], sorted)
    const found = sorted.filter((mail, at) => test(mail, at + 1))
    return text(['SEARCH', ...found.map(({ uid }) => String(uid))].join(' '))
  }
  const [, set = '', items = ''] = /^UID FETCH (\S+) (.*)$/.exec(command) ?? []
  if (set !== '') {
    const wanted = inSet(set, sorted.at(-1)?.uid ?? 0)
    const found: Buffer[] = []
    for (const [at, mail] of sorted.entries()) if (wanted(mail.uid)) found.push(fetched(mail, at + 1, items))
    return found
  }
  return []
}

const ordered = new WeakMap<readonly Mail[], readonly Mail[]>()

/** By number; sorted once, since a mailbox may have very many. */
function inOrder(mails: readonly Mail[]): readonly Mail[] {
  const sorted = ordered.get(mails) ?? mails.toSorted((a, b) => a.uid - b.uid)
  ordered.set(mails, sorted)
  return sorted
}

type SearchTest = (mail: Mail, seq: number) => boolean

/** What all keys of a search say: sequences, `UID`, `SINCE` and `OR`. */
function compile(query: string[], all: readonly Mail[]): SearchTest {
  const one = (): SearchTest => {
    const key = query.shift() ?? ''
    if (key === '(') {
      const inner: SearchTest[] = []
      while (query[0] !== ')') inner.push(one())
      query.shift()
      return (mail, seq) => inner.every((test) => test(mail, seq))
    }
    if (key === 'UID') {
      const wanted = inSet(query.shift() ?? '', all.at(-1)?.uid ?? 0)
      return ({ uid }) => wanted(uid)
    }
    if (key === 'SINCE') {
      const day = Date.parse(`${(query.shift() ?? '').replaceAll('"', '')} UTC`)
      return ({ received }) => (received?.getTime() ?? 0) >= day
    }
    if (key === 'OR') {
      const [left, right] = [one(), one()]
      return (mail, seq) => left(mail, seq) || right(mail, seq)
    }
    if (!/^[\d:*,]+$/.test(key)) throw new Error(`this server does not know the search key ${key}`)
    const wanted = inSet(key, all.length)
    return (_, seq) => wanted(seq)
  }
  const tests: SearchTest[] = []
  while (query.length > 0) tests.push(one())
  return (mail, seq) => tests.every((test) => test(mail, seq))
}

function inSet(set: string, last: number): (n: number) => boolean {
  const ranges = set
    .split(',')
    .map((range) => {
      const [from = 0, to = from] = range.split(':').map((one) => (one === '*' ? last : Number(one)))
      return { from: Math.min(from, to), to: Math.max(from, to) }
    })
    .sort((a, b) => a.from - b.from)
  // The furthest end of all ranges up to each: sets and mailboxes have thousands of members.
  let furthest = 0
  const ends = ranges.map(({ to }) => (furthest = Math.max(furthest, to)))
  return (n) => {
    let [begun, end] = [0, ranges.length]
    while (begun < end) {
      const middle = (begun + end) >> 1
      if ((ranges[middle]?.from ?? 0) <= n) begun = middle + 1
      else end = middle
    }
    return n <= (ends[begun - 1] ?? -1)
  }
}

function fetched(mail: Mail, seq: number, items: string): Buffer {
  const parts: Buffer[] = [Buffer.from(`${seq} FETCH (UID ${mail.uid}`)]
  const add = (name: string, value: string | Buffer): void =>
    void parts.push(Buffer.from(` ${name} `), Buffer.isBuffer(value) ? value : Buffer.from(value, 'latin1'))
  if (items.includes('FLAGS')) add('FLAGS', `(${(mail.flags ?? []).join(' ')})`)
  if (items.includes('ENVELOPE')) add('ENVELOPE', envelope(mail))
  if (items.includes('BODYSTRUCTURE')) add('BODYSTRUCTURE', mail.structure ?? plain(Buffer.byteLength(mail.text ?? '')))
  if (items.includes('INTERNALDATE') && mail.received !== undefined) {
    const [, day, month, year, time] = /(\d\d) (\w{3}) (\d{4}) ([\d:]+)/.exec(mail.received.toUTCString()) ?? []
    add('INTERNALDATE', `"${day}-${month}-${year} ${time} +0000"`)
  }
  if (items.includes('RFC822.SIZE')) add('RFC822.SIZE', '1234')
  for (const [, section = '', from = '0', length = '9e9'] of items.matchAll(
    /BODY\.PEEK\[([^\]]*)\](?:<(\d+)\.(\d+)>)?/g,
  )) {
    const whole =
      section === 'HEADER' ? (mail.header ?? '') : section === 'TEXT' ? (mail.text ?? '') : mail.parts?.[section]
    const bytes = Buffer.from(whole ?? '').subarray(Number(from), Number(from) + Number(length))
    add(`BODY[${section}]<${from}>`, literal(bytes))
  }
  return Buffer.concat([...parts, Buffer.from(')')])
}

export function plain(size: number, charset = 'utf-8', encoding = '8bit', type = 'plain'): string {
  return `("text" "${type}" ("charset" "${charset}") NIL NIL "${encoding}" ${size} 1 NIL NIL NIL NIL)`
}

function envelope(mail: Mail): string {
  const { id = `<${mail.uid}@example.com>`, subject = 'Hello', date = 'Thu, 1 Jan 2026 21:00:00 +0000' } = mail
  const { from = ['Ada', 'ada', 'example.com'] } = mail
  const person = from === null ? 'NIL' : `((${[from[0], null, from[1], from[2]].map(text).join(' ')}))`
  const to = '(("Bob" NIL "bob" "example.org"))'
  return `(${text(date)} ${text(subject)} ${person} ${person} ${person} ${to} NIL NIL NIL ${text(id)})`
}

function text(value: string | null): string {
  return value === null ? 'NIL' : literal(Buffer.from(value)).toString('latin1')
}

function literal(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{${bytes.length}}\r\n`), bytes])
}

/** The secrets of an agent that may read the mailbox. */
export const secrets = secretsOf({ IMAP_PASSWORD: PASSWORD })

/** The stream for a server, without IDLE unless told otherwise. */
export function mailStream({ port }: Pick<MailServer, 'port'>, options: Partial<ImapOptions> = {}) {
  return imap({ host: '127.0.0.1', port, secure: false, user: 'ada', idle: false, ...options })
}

/** The drafts of a look at one message: an example of each event type. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const mixed = `(${plain(24)}("application" "pdf" ("name" "invoice.pdf") NIL NIL "base64" 48213 NIL ("attachment" ("filename" "invoice.pdf")) NIL NIL) "mixed")`
  const server = await mailServer(t, [
    {
      uid: 4711,
      id: '<7c1f@shop.example>',
      subject: 'Your invoice',
      from: ['The shop', 'billing', 'shop.example'],
      received: new Date('2026-01-01T21:00:03Z'),
      structure: mixed,
      parts: { 1: 'The invoice is attached.' },
    },
  ])
  return draftsOf(mailStream(server), { secret: secrets, now: () => Date.UTC(2026, 0, 1, 22) })
}
