import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import tls from 'node:tls'
import backup from '../../docs/recipes/backup.ts'
import birthday from '../../docs/recipes/birthday.ts'
import certificate from '../../docs/recipes/certificate.ts'
import disk from '../../docs/recipes/disk.ts'
import mailTask from '../../docs/recipes/mail-task.ts'
import meeting from '../../docs/recipes/meeting.ts'
import nightly from '../../docs/recipes/nightly.ts'
import uptime from '../../docs/recipes/uptime.ts'
import { desktopCommand } from '../../streams/notify/desktop.ts'
import { meeting as event, MINUTE, NOW, vcalendar } from '../streams/calendar-service.ts'
import { account, type Cells, sheetOf } from '../streams/google-sheet-service.ts'
import { keys, post, stripe } from '../streams/hook-service.ts'
import { secrets as mailSecrets, mailServer } from '../streams/imap-service.ts'
import { smtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { cert, key } from './certificate.ts'
import { mailIn, runRecipe, takes } from './run-recipe.ts'

const at = '2026-01-01T12:00:00Z'

/** In ms. */
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Works in an empty directory until the test ends, and returns its path. */
function workInDirectory(t: TestContext): string {
  const home = process.cwd()
  process.chdir(temporaryDirectory(t))
  t.after(() => process.chdir(home))
  return process.cwd()
}

describe('the recipe certificate', () => {
  it('sends one mail for each certificate, two weeks before it ends', async (t) => {
    const server = tls.createServer({ key, cert }, (socket) => socket.on('error', () => undefined))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { connect } = tls
    const { port } = server.address() as AddressInfo
    t.mock.method(tls, 'connect', (options: object) => connect({ ...options, host: '127.0.0.1', port }))
    const { url, messages } = await smtpServer(t)
    const ends = Date.parse(new X509Certificate(cert).validTo)
    const began = new Date(ends - 20 * DAY).toISOString()
    const recipe = await runRecipe(t, certificate, { at: began, secrets: { SMTP_URL: url } })
    await recipe.look()
    assert.deepEqual(messages, [])
    await recipe.restart(7 * DAY)
    const days = Math.floor((ends - recipe.clock.now()) / DAY)
    await recipe.hasDone(
      () => messages.map((message) => mailIn(message).subject).toSorted(),
      ['example.com', 'www.example.com'].map((host) => `The certificate of ${host} ends in ${days} days`),
    )
  })
})

describe('the recipe backup', () => {
  it('sends one message when no newer backup comes in time', async (t) => {
    workInDirectory(t)
    mkdirSync('backups')
    const recipe = await runRecipe(t, backup, { at, hosts: { 'ntfy.sh': takes } })
    const make = (name: string): void => {
      writeFileSync(join('backups', name), name)
      utimesSync(join('backups', name), recipe.clock.now() / 1000, recipe.clock.now() / 1000)
    }
    const told = () => recipe.sent('ntfy.sh').map((body) => (body as { message: string }).message)
    await recipe.look()
    const expected = ['The newest backup is too old: no file at all']
    assert.deepEqual(told(), expected)
    make('b.tar')
    make('a.tar')
    await recipe.restart(10 * HOUR)
    make('c.tar')
    const made = new Date(recipe.clock.now()).toUTCString()
    await recipe.restart(25 * HOUR)
    assert.deepEqual(told(), expected)
    await recipe.look()
    await recipe.look()
    await recipe.hasDone(told, [...expected, `The newest backup is too old: c.tar of ${made}`])
  })
})

describe('the recipe disk', () => {
  it('sends one message a day while a disk is almost full', async (t) => {
    let used = 89
    const recipe = await runRecipe(t, disk, {
      at,
      hosts: { 'ntfy.sh': takes },
      exec: async (file, args) => {
        assert.deepEqual([file, ...args], ['df', '-P', '/', '/home'])
        const rows = [`/dev/sda1 100 ${used} ${100 - used} ${used}% /`, '/dev/sda2 100 10 90 10% /home']
        const header = 'Filesystem 1024-blocks Used Available Capacity Mounted on'
        return { stdout: `${[header, ...rows].join('\n')}\n`, stderr: '' }
      },
    })
    for (used of [89, 91, 92]) await recipe.look()
    const message = (percent: number) => ({ topic: 'disks-x7f3', message: `/ is ${percent} % full` })
    await recipe.hasDone(() => recipe.sent('ntfy.sh'), [message(91)])
    used = 95
    await recipe.restart(DAY)
    await recipe.hasDone(() => recipe.sent('ntfy.sh'), [message(91), message(95)])
  })
})

describe('the recipe inbox', () => {
  it('runs its program once for each PDF that is dropped, also while the agent is down', async (t) => {
    const home = workInDirectory(t)
    mkdirSync('inbox')
    mkdirSync('done')
    // Its folder is below the working directory when it is loaded.
    const { default: inbox } = await import('../../docs/recipes/inbox.ts')
    const ran: unknown[] = []
    const recipe = await runRecipe(t, inbox, {
      at: new Date().toISOString(),
      exec: async (file, args) => {
        ran.push([file, ...args])
        return { stdout: '', stderr: '' }
      },
    })
    await until(() => recipe.log.store('job/files.changes').get('folder'), 'the first look')
    // The folder is watched in real time, and a file is stable by the clock of the agent.
    const runs = (times: number) =>
      until(async () => {
        await recipe.clock.advance(500)
        return ran.length >= times
      }, 'the program')
    const run = (name: string) => ['ocrmypdf', '--skip-text', join(home, 'inbox', name), join('done', name)]
    writeFileSync('inbox/notes.txt', 'notes')
    writeFileSync('inbox/one.pdf', 'one')
    await runs(1)
    await recipe.restart()
    writeFileSync('inbox/two.pdf', 'two')
    await runs(2)
    assert.deepEqual(ran, [run('one.pdf'), run('two.pdf')])
  })
})

describe('the recipe nightly', () => {
  it('keeps one row for each night, and mails a failure', async (t) => {
    workInDirectory(t)
    const { url, messages } = await smtpServer(t)
    let fails = false
    const exec = async (file: string, args: readonly string[]) => {
      assert.deepEqual([file, ...args], ['restic', 'backup', '/home'])
      if (fails) throw new Error('restic ended with exit code 1: disk full')
      return { stdout: 'snapshot saved', stderr: '' }
    }
    const recipe = await runRecipe(t, nightly, { at, secrets: { SMTP_URL: url }, exec })
    await recipe.look()
    assert.deepEqual(messages, [])
    fails = true
    await recipe.look()
    await recipe.restart()
    const rows = [
      'run,ok,seconds,output',
      '2026-01-02T02:30:00.000Z,true,0,snapshot saved',
      '2026-01-03T02:30:00.000Z,false,0,restic ended with exit code 1: disk full',
    ]
    assert.equal(readFileSync('nightly.csv', 'utf8'), `${rows.join('\n')}\n`)
    const text = 'restic has failed\n\nrestic ended with exit code 1: disk full'
    assert.deepEqual(messages.map(mailIn), [{ subject: 'restic has failed', text }])
  })
})

describe('the recipe uptime', () => {
  it('tells what lasts: down, and up again', async (t) => {
    let status = 200
    const hosts = { 'example.com': takes, 'shop.example': () => ({ status }), 'ntfy.sh': takes }
    const recipe = await runRecipe(t, uptime, { at, hosts })
    const told = () => recipe.sent('ntfy.sh').map((body) => (body as { message: string }).message)
    /** The shop answers so for some minutes. */
    const answers = async (code: number, minutes: number): Promise<void> => {
      status = code
      await recipe.pass(minutes * 60_000)
    }
    await answers(200, 5)
    const first = ['https://example.com/ is up', 'https://shop.example/ is up']
    assert.deepEqual(told().toSorted(), first)
    await answers(503, 2)
    await answers(200, 5)
    assert.equal(told().length, 2)
    await answers(503, 3)
    await recipe.restart()
    await answers(503, 2)
    await answers(200, 5)
    await recipe.hasDone(() => told().slice(2), ['https://shop.example/ is down', 'https://shop.example/ is up'])
  })
})

describe('the recipe meeting', () => {
  it('shows one notification before each meeting', async (t) => {
    const shown: unknown[] = []
    const recipe = await runRecipe(t, meeting, {
      at: new Date(NOW).toISOString(),
      hosts: { 'calendar.example': () => ({ body: vcalendar(event(13, 'LOCATION:Room 4'), event(90)) }) },
      secrets: { CALENDAR_URL: 'https://calendar.example/me.ics' },
      exec: async (file, args) => {
        shown.push([file, ...args])
        return { stdout: '', stderr: '' }
      },
    })
    await recipe.look()
    await recipe.look()
    await recipe.hasDone(() => shown, [desktopCommand(process.platform, 'Meeting 13 in 9 minutes', 'Room 4')])
  })
})

describe('the recipe birthday', () => {
  it('sends one message on the day, or as soon as the machine is on again', async (t) => {
    const recipe = await runRecipe(t, birthday, { at: '2026-12-08T12:00:00Z', hosts: { 'ntfy.sh': takes } })
    const told = () => recipe.sent('ntfy.sh')
    const message = (name: string) => ({ topic: 'days-x7f3', message: `It is the birthday of ${name}` })
    await recipe.look()
    await recipe.restart()
    assert.deepEqual(told(), [message('Grace')])
    await recipe.restart(3 * 24 * 60 * MINUTE)
    await recipe.hasDone(told, [message('Grace'), message('Ada')])
  })
})

describe('the recipe mail-task', () => {
  it('adds one task for each mail of a sender', async (t) => {
    const server = await mailServer(t, [{ uid: 1, from: ['Office', 'office', 'landlord.example'], text: 'old' }])
    // A certificate would add nothing: the connection is only taken to the local server.
    t.mock.method(tls, 'connect', (_: unknown, connected: () => void) => connect(server.port, '127.0.0.1', connected))
    const recipe = await runRecipe(t, mailTask, {
      at: '2026-01-01T12:00:00Z',
      hosts: { 'api.todoist.com': () => ({ body: { id: '7' } }) },
      secrets: { IMAP_PASSWORD: mailSecrets('IMAP_PASSWORD'), TODOIST_TOKEN: 'x' },
    })
    const tasks = () => recipe.sent('api.todoist.com')
    await until(() => server.commands.includes('IDLE'), 'the connection')
    await recipe.look()
    const received = new Date(recipe.clock.now())
    server.deliver({ id: '<1@x>', subject: 'Sale', received, text: 'Buy' })
    server.deliver({ id: '<2@x>', subject: 'Rent', received, text: 'More', from: ['O', 'Office', 'landlord.example'] })
    await until(() => tasks().length > 0, 'the task')
    await recipe.hasDone(tasks, [{ content: 'Answer: Rent', description: 'More', due_string: 'tomorrow' }])
  })
})

describe('the recipe orders', () => {
  it('appends one row for each order, however often its webhook is sent', async (t) => {
    process.env['PORT'] = '0'
    t.after(() => delete process.env['PORT'])
    const { default: orders } = await import('../../docs/recipes/orders.ts')
    const cells: Cells = []
    const sheet = sheetOf(cells, { tab: 'Orders' })
    const recipe = await runRecipe(t, orders, {
      at: '2026-01-01T12:00:00Z',
      hosts: { 'oauth2.googleapis.com': sheet, 'sheets.googleapis.com': sheet },
      secrets: { STRIPE_SECRET: keys.STRIPE, GOOGLE_CREDENTIALS: account },
    })
    const send = async (id: string, type: string): Promise<void> => {
      const object = { id: `cs_${id}`, amount_total: 1250, currency: 'eur', customer_email: '=ann@example.com' }
      const { status } = await post(url, stripe({ id, type, data: { object } }, recipe.clock.now() / 1000))
      assert.equal(status, 200)
      await recipe.pass(0)
    }
    const opened = (times: number) =>
      until(() => recipe.notes.said('endpoint open')[times - 1]?.['url'] as string | undefined, 'the endpoint')
    let url = await opened(1)
    await send('evt_1', 'checkout.session.completed')
    await send('evt_1', 'checkout.session.completed')
    await send('evt_2', 'checkout.session.expired')
    await recipe.restart()
    url = await opened(2)
    await send('evt_1', 'checkout.session.completed')
    await send('evt_3', 'checkout.session.completed')
    const header = ['order', 'amount', 'currency', 'customer']
    const values = [12.5, 'eur', '=ann@example.com']
    const rows = cells.map((row) => row.slice(0, 4))
    assert.deepEqual(rows, [header, ['cs_evt_1', ...values], ['cs_evt_3', ...values]])
  })
})
