import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { ImapFlow } from 'imapflow'
import { isRetry } from '../../../lib/core/control.ts'
import {
  type Agent,
  agent,
  memoryLog,
  type Retry,
  runOnce,
  type StoredEvent,
  start,
  type TidingsError,
} from '../../../lib/index.ts'
import { Folder } from '../../../streams/imap/folder.ts'
import type { ImapOptions, Message } from '../../../streams/imap.ts'
import { allOf, notes } from '../../support/agent-harness.ts'
import { until } from '../../support/until.ts'
import { draftsOf, secretsOf, watchStream } from '../../support/watch-stream.ts'
import { type MailServer, mailServer, mailStream, secrets } from '../imap-service.ts'

type Hooks = { after(work: () => unknown): void }

/** The error of a look at this server. */
async function failure(
  t: Hooks,
  server: Pick<MailServer, 'port'>,
  options: Partial<ImapOptions> = {},
  secret = secrets,
): Promise<TidingsError> {
  const { look } = await watchStream(t, mailStream(server, options), { secret })
  const { error } = await look('messages')
  assert.ok(error, 'the look succeeded')
  return error as TidingsError
}

/** Starts an agent that waits for mail, and looks on request alone. */
async function waiting(t: Hooks, server: MailServer) {
  const log = await memoryLog()
  const said = notes()
  const parts: Agent = agent('spec', [mailStream(server, { idle: true, every: '1h' })])
  const running = await start(parts, { log, logger: said, world: { secret: secrets } })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  const subjects = async (): Promise<string[]> =>
    (await allOf(log))
      .filter(({ type }: StoredEvent) => type === 'imap.message')
      .map(({ data }) => (data as Message).subject)
  const idling = (times: number): Promise<unknown> =>
    until(() => server.commands.filter((command) => command === 'IDLE').length >= times, 'an IDLE')
  return { running, subjects, idling, said }
}

describe('the connection of the imap stream', () => {
  it('says whose login is refused, and never the password', async (t) => {
    const server = await mailServer(t)
    const error = await failure(t, server, {}, secretsOf({ IMAP_PASSWORD: 'open barley' }))
    assert.equal(error.code, 'TIDINGS_MAIL_FAILED')
    assert.match(error.message, /^stream imap: 127\.0\.0\.1 refused the login of ada: .*wrong password/)
    assert.deepEqual(error.details, { host: '127.0.0.1', user: 'ada', folder: 'INBOX', refused: true })
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /barley/)
  })

  it('says which folder does not exist, and what the server refuses', async (t) => {
    const server = await mailServer(t)
    assert.match((await failure(t, server, { folder: 'Nowhere' })).message, /folder Nowhere of ada .* can't be read/)
    server.fault = (command) => (command.startsWith('UID SEARCH') ? 'refuse' : undefined)
    server.deliver({})
    assert.match((await failure(t, server)).message, /the server refused a search/)
  })

  // A FETCH is repeated by the client itself, for some seconds, before it fails in the same way.
  for (const command of ['LOGIN', 'EXAMINE', 'UID SEARCH']) {
    it(`waits when the server throttles ${command}, and tells everything then`, async (t) => {
      const server = await mailServer(t, [{ uid: 1, subject: 'hello' }])
      server.fault = (given) => (given.startsWith(command) ? { throttled: 20 } : undefined)
      const drafts = () => draftsOf(mailStream(server), { secret: secrets })
      const error = await drafts().then(
        () => assert.fail('the look succeeded'),
        (thrown: Error) => thrown,
      )
      // Of what it asks for, the client waits the first seconds itself.
      assert.ok(isRetry(error), error.message)
      assert.equal(error.after, 1000)
      assert.match((error.cause as Error).message, /Request is throttled/)
      server.fault = () => undefined
      assert.equal((await drafts()).length, 1)
    })
  }

  it('waits as long as the server asks for, less what the client waited', () => {
    const asked = (error: object) => {
      const folder = new Folder(new EventEmitter() as ImapFlow, account, new AbortController().signal)
      return (folder.failed(Object.assign(new Error('throttled'), { code: 'ETHROTTLE', ...error })) as Retry).after
    }
    const account = { host: 'x', port: 1, secure: true, user: 'ada', folder: 'INBOX' }
    assert.equal(asked({ throttleReset: 92_415, throttleWaited: 30_000 }), 62_415)
    assert.equal(asked({ throttleReset: 9e9, throttleWaited: 30_000 }), 3_600_000)
  })

  it('says why there is no connection', async (t) => {
    const error = await failure(t, { port: 1 })
    assert.equal(error.code, 'TIDINGS_MAIL_FAILED')
    assert.match(error.message, /ECONNREFUSED/)
  })

  it('sends no password without TLS, except to this machine', async (t) => {
    const server = await mailServer(t, [], '127.0.0.2')
    assert.equal((await failure(t, server, { host: '127.0.0.2' })).code, 'TIDINGS_MAIL_FAILED')
    assert.equal((await failure(t, server, { host: '127.0.0.2', secure: true })).code, 'TIDINGS_MAIL_FAILED')
    assert.ok(!server.commands.some((command) => /LOGIN|AUTHENTICATE/.test(command)), server.commands.join())
  })

  it('closes its connection when a server hangs and the run is cut off', async (t) => {
    for (const hanging of ['LOGIN', 'EXAMINE', 'UID SEARCH', 'UID FETCH', 'LOGOUT']) {
      const server = await mailServer(t, [{ uid: 1 }])
      server.fault = (command) => (command.startsWith(hanging) ? 'hang' : undefined)
      const [look] = mailStream(server).jobs
      assert.ok(look)
      const run = runOnce(look, { secret: secrets }).subscribe()
      await until(() => server.commands.some((command) => command.startsWith(hanging)), hanging)
      run.unsubscribe()
      await until(() => server.connections === 0, 'the connection to close')
    }
  })

  it('tells new mail at once, and leaves what is there to the looks', async (t) => {
    const server = await mailServer(t, [{ uid: 7, subject: 'old' }])
    const { subjects, idling, running } = await waiting(t, server)
    await idling(1)
    server.deliver({ subject: 'one' })
    await until(async () => (await subjects()).length === 1)
    await idling(2)
    server.deliver({ subject: 'two' })
    server.deliver({ subject: 'three' })
    await until(async () => (await subjects()).length === 3)
    // The first look records the old message, and finds the others known.
    await running.trigger('imap.messages')
    assert.deepEqual(await subjects(), ['one', 'two', 'three', 'old'])
  })

  it('connects again when the connection breaks, and a look finds what came meanwhile', {
    timeout: 60_000,
  }, async (t) => {
    const server = await mailServer(t)
    const { subjects, idling, running, said } = await waiting(t, server)
    await idling(1)
    await running.trigger('imap.messages')
    server.cut()
    server.deliver({ subject: 'meanwhile' })
    await until(() => said.said('waiting for mail').length === 2, 'another connection')
    await idling(2)
    server.deliver({ subject: 'after' })
    await until(async () => (await subjects()).includes('after'))
    await running.trigger('imap.messages')
    assert.deepEqual(await subjects(), ['after', 'meanwhile'])
    assert.deepEqual(said.said('job failed'), [])
  })
})
