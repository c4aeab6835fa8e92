import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Message } from '../../../streams/imap.ts'
import { draftsOf, watchStream } from '../../support/watch-stream.ts'
import { type Mail, mailServer, mailStream, plain, secrets } from '../imap-service.ts'

type Sent = Omit<Mail, 'uid'>

/** What the stream tells of these messages. */
async function told(
  t: { after(work: () => unknown): void },
  ...mails: readonly Sent[]
): Promise<{ readonly identifier: string; readonly data: Message }[]> {
  const server = await mailServer(
    t,
    mails.map((one, i) => ({ uid: i + 1, received: new Date('2026-01-09T10:00:00Z'), ...one })),
  )
  const drafts = await draftsOf(mailStream(server), { secret: secrets, now: () => Date.UTC(2026, 0, 10) })
  return drafts.map(({ identifier, data }) => ({ identifier, data: data as Message }))
}

function part(type: string, subtype: string, more = 'NIL NIL NIL NIL', encoding = '7bit'): string {
  const lines = type === 'text' ? ' 1' : ''
  return `("${type}" "${subtype}" ("charset" "utf-8") NIL NIL "${encoding}" 10${lines} ${more})`
}

describe('a message of the imap stream', () => {
  it('is known by its Message-ID, or by a digest of its header', async (t) => {
    const header = 'Received: from a by b id 1\r\nSubject: x\r\n\r\n'
    const all = await told(
      t,
      { id: '<a@x>' },
      { id: ' <b@x>\r\n ' },
      { id: null, header },
      { id: '<>', header: header.replace('id 1', 'id 2') },
      { id: '', header },
      { id: `<${'c'.repeat(3000)}@x>` },
    )
    const ids = all.map(({ identifier }) => identifier)
    assert.deepEqual(ids.slice(0, 2), ['<a@x>', '<b@x>'])
    for (const id of ids.slice(2, 5)) assert.match(id, /^[0-9a-f]{64}$/)
    assert.match(ids[5] ?? '', /^<c{199} [\w-]{43}$/)
    assert.equal(ids[2], ids[4])
    assert.equal(new Set(ids).size, 5)
    assert.deepEqual(
      all.map(({ data }) => data.messageId?.length),
      [5, 5, undefined, undefined, undefined, 1000],
    )
  })

  it('is skipped when nothing identifies it', async (t) => {
    const all = await told(t, { id: null, header: '' }, { id: '<a@x>' })
    assert.deepEqual(
      all.map(({ identifier }) => identifier),
      ['<a@x>'],
    )
  })

  it('is not fetched again when nothing identifies it', async (t) => {
    const server = await mailServer(t, [{ uid: 1, id: null, header: '' }])
    const { see } = await watchStream(t, mailStream(server), { secret: secrets })
    await see()
    const before = server.commands.filter((command) => command.startsWith('UID FETCH')).length
    await see()
    assert.equal(server.commands.filter((command) => command.startsWith('UID FETCH')).length, before)
  })

  it('has its subject and its names decoded', async (t) => {
    const [one] = await told(t, {
      subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?Q?_aus_K=F6ln?=',
      from: ['=?utf-8?B?w4RubmU=?=', 'anne', 'example.com'],
      flags: ['\\Seen', '$Label1'],
    })
    assert.equal(one?.data.subject, 'Grüße aus Köln')
    assert.deepEqual(one?.data.from, { name: 'Änne', address: 'anne@example.com' })
    assert.deepEqual(one?.data.flags, ['$Label1', '\\Seen'])
    assert.equal(one?.data.date, '2026-01-01T21:00:00.000Z')
    assert.equal(one?.data.received, '2026-01-09T10:00:00.000Z')
  })

  it('survives hostile headers', async (t) => {
    const all = await told(
      t,
      { subject: '=?no-such-charset?Q?x=FF?=' },
      { subject: '=?utf-8?B?////?= =?utf-8?Q?=' },
      { subject: 's'.repeat(1_000_000) },
      { subject: null, from: null, date: null },
      { date: 'the day before yesterday', from: [null, '', ''] },
      { date: 'Thu, 1 Jan 99999 00:00:00 +0000' },
      { subject: '\u{1F4A9}'.repeat(700) },
      { structure: 'NIL' },
      { structure: `${'('.repeat(20)}${plain(3)}${' "mixed")'.repeat(20)}` },
    )
    assert.equal(all.length, 9)
    assert.equal(all[2]?.data.subject.length, 1000)
    assert.deepEqual([all[3]?.data.subject, all[3]?.data.from, all[3]?.data.date], ['', undefined, undefined])
    assert.equal(all[4]?.data.date, undefined)
    for (const { data } of all) assert.ok(JSON.stringify(data).isWellFormed())
    assert.ok(all.every(({ data }) => data.subject.isWellFormed()))
  })

  it('has the beginning of its text, from whatever charset and encoding', async (t) => {
    const of = (text: string | Buffer, charset: string, encoding: string, type = 'plain'): Sent => ({
      text,
      structure: plain(Buffer.byteLength(text), charset, encoding, type),
    })
    const all = await told(
      t,
      of('Grüße\r\n', 'utf-8', '8bit'),
      of(Buffer.from([0x4b, 0xf6, 0x6c, 0x6e]), 'iso-8859-1', '8bit'),
      of('Gr=C3=BC=\r\n=C3=9Fe = no code', 'utf-8', 'QUOTED-PRINTABLE'),
      of(
        `${Buffer.from('Grüße').toString('base64').slice(0, 4)}\r\n${Buffer.from('Grüße').toString('base64').slice(4)}`,
        'utf-8',
        'base64',
      ),
      of('x', 'no-such-charset', 'no-such-encoding'),
      of(
        `<title>no</title><style>p{}</style><p>One &amp; <b>two</b></p><p>&#8364;&nbsp;3 &bogus; &#0;<script>alert(1)`,
        'utf-8',
        '8bit',
        'html',
      ),
      of('ü'.repeat(20_000), 'utf-8', '8bit'),
      of('', 'utf-8', '8bit'),
    )
    assert.deepEqual(
      all.slice(0, 6).map(({ data }) => data.text),
      ['Grüße', 'Köln', 'Grüße = no code', 'Grüße', 'x', 'One & two\n€ 3 &bogus; &#0;'],
    )
    assert.equal(all[6]?.data.text.length, 8000)
    assert.equal(all[7]?.data.text, '')
  })

  it('shows its plain text before its HTML, and lists its files', async (t) => {
    const file = part(
      'application',
      'pdf',
      'NIL ("attachment" ("filename" "=?utf-8?Q?=C3=A4.pdf?=")) NIL NIL',
      'base64',
    )
    const image = '("image" "png" NIL "<cid>" NIL "base64" 20 NIL ("inline" NIL) NIL NIL)'
    const alternative = `(${part('text', 'html')}${part('text', 'plain')} "alternative" NIL NIL NIL)`
    const note = part('text', 'plain', 'NIL ("attachment" ("filename" "note.txt")) NIL NIL')
    const [one, two] = await told(
      t,
      {
        structure: `(${note}${alternative}${file}${image} "mixed" NIL NIL NIL)`,
        parts: { '2.2': 'plain', '2.1': '<p>html' },
      },
      { structure: `(${part('text', 'html')}${file} "mixed" NIL NIL NIL)`, parts: { 1: '<p>html' } },
    )
    assert.equal(one?.data.text, 'plain')
    assert.deepEqual(one?.data.attachments, [
      { name: 'note.txt', type: 'text/plain', size: 10 },
      { name: 'ä.pdf', type: 'application/pdf', size: 10 },
      { name: '', type: 'image/png', size: 20 },
    ])
    assert.equal(two?.data.text, 'html')
  })

  it('lists no more than 50 files', async (t) => {
    const file = part('application', 'pdf', 'NIL ("attachment" NIL) NIL NIL')
    const [one] = await told(t, { structure: `(${plain(1)}${file.repeat(80)} "mixed" NIL NIL NIL)`, parts: { 1: 'x' } })
    assert.equal(one?.data.attachments.length, 50)
  })
})
