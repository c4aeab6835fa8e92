import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { agent, memoryLog, start } from '../../lib/index.ts'
import { streamLaws } from '../../lib/testing/index.ts'
import { type FileChange, files } from '../../streams/files.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { example, watchFolder, wordsOf, writeFile } from './files-service.ts'

describe('files and the laws of streams', () => {
  const path = mkdtempSync(join(tmpdir(), 'tidings-'))
  after(() => rmSync(path, { recursive: true }))
  const name = fc.constantFrom('a', 'b', 'c/d', 'c/e f', 'ü\n', 'g')
  // In these laws a path has one version: another one is another happening.
  const version = (path: string): string => 'x'.repeat(path.length % 3)
  const laws = streamLaws(files, {
    options: { path, watch: false, stable: 0, backfill: 100, events: ['appeared'] },
    wire: fc.record({ name }),
    truth: ({ name }) => name,
    serve: (sent) => {
      rmSync(path, { recursive: true })
      mkdirSync(path)
      for (const { name } of sent) writeFile(join(path, name), version(name), 1_700_000_000)
      return {}
    },
    numRuns: 6,
  })
  // A file that comes back has appeared again: that is another happening.
  const returns = 'an item that changes, leaves and returns keeps its name'
  for (const [law, hold] of Object.entries(laws)) if (law !== returns) it(law, hold)
})

describe('files', () => {
  it('tells what appears, changes and goes, but not what was there', async (t) => {
    const { look, write, remove } = await watchFolder(t)
    write('old.txt', 'old')
    assert.deepEqual(await look(), [])
    write('a.txt', 'a')
    write('deep/er/b.txt', 'b')
    assert.deepEqual((await look()).sort(), ['appeared a.txt', 'appeared deep/er/b.txt'])
    write('a.txt', 'aa')
    write('old.txt', 'older')
    assert.deepEqual((await look()).sort(), ['changed a.txt', 'changed old.txt'])
    remove('deep')
    assert.deepEqual(await look(), ['gone deep/er/b.txt'])
    assert.deepEqual(await look(), [])
  })

  it('publishes small, plain data', async (t) => {
    const [appeared, changed, gone] = await example(t)
    assert.ok(appeared)
    const data = appeared.data as FileChange
    assert.deepEqual(data, {
      folder: data.folder,
      path: 'report.pdf',
      file: join(data.folder, 'report.pdf'),
      bytes: 5,
      modified: '2023-11-14T22:13:20.000Z',
    })
    assert.deepEqual([appeared.type, changed?.type, gone?.type], ['files.appeared', 'files.changed', 'files.gone'])
    assert.deepEqual(gone?.data, { ...data, bytes: 13, modified: '2023-11-14T22:14:20.000Z' })
    assert.equal(new Set([appeared, changed, gone].map((draft) => draft?.identifier)).size, 3)
  })

  it('waits until a file is written', async (t) => {
    const { see, told, write, clock } = await watchFolder(t)
    await see()
    for (const text of ['a', 'ab', 'abc']) {
      write('a.txt', text)
      await see()
      clock.now += 1500
    }
    await see()
    assert.equal(told.length, 0)
    clock.now += 500
    await see()
    assert.equal((told[0]?.data as FileChange | undefined)?.bytes, 3)
  })

  it('waits no longer when the clock is set back', async (t) => {
    const { see, look, write, clock } = await watchFolder(t)
    await see()
    write('a.txt', 'a')
    await see()
    clock.now -= 86_400_000
    assert.deepEqual(await look(), ['appeared a.txt'])
  })

  it('does not tell a file that is gone before it was stable, or missing for a moment', async (t) => {
    const { see, look, write, remove } = await watchFolder(t)
    await look()
    write('brief.txt', 'a')
    write('kept.txt', 'a', 1)
    await see()
    remove('brief.txt')
    assert.deepEqual(await look(), ['appeared kept.txt'])
    remove('kept.txt')
    await see()
    write('kept.txt', 'a', 2)
    assert.deepEqual(await look(), [])
  })

  it('takes equal bytes for no change, unless the file is large', async (t) => {
    const { path, look, write } = await watchFolder(t)
    write('there.txt', 'same', 1)
    await look()
    write('new.txt', 'same', 1)
    write('large.bin', 'x'.repeat(2 ** 20 + 1), 1)
    assert.equal((await look()).length, 2)
    for (const file of ['there.txt', 'new.txt']) write(file, 'same', 2)
    chmodSync(join(path, 'large.bin'), 0o600)
    assert.deepEqual(await look(), [])
    write('new.txt', 'some', 2)
    utimesSync(join(path, 'large.bin'), 3, 3)
    assert.deepEqual((await look()).sort(), ['changed large.bin', 'changed new.txt'])
  })

  it('tells a file that comes back, even just as it was', async (t) => {
    const { path, look, write } = await watchFolder(t)
    await look()
    write('a.txt', 'a', 1)
    assert.deepEqual(await look(), ['appeared a.txt'])
    for (let times = 0; times < 3; times++) {
      renameSync(join(path, 'a.txt'), join(path, '.a.txt'))
      assert.deepEqual(await look(), ['gone a.txt'])
      renameSync(join(path, '.a.txt'), join(path, 'a.txt'))
      assert.deepEqual(await look(), ['appeared a.txt'])
    }
  })

  it('tells a file that is moved as gone and appeared', async (t) => {
    const { path, look, write } = await watchFolder(t)
    write('a.txt', 'a')
    await look()
    renameSync(join(path, 'a.txt'), join(path, 'b.txt'))
    assert.deepEqual((await look()).sort(), ['appeared b.txt', 'gone a.txt'])
  })

  it('tells the newest files of the first look, if asked to', async (t) => {
    const { look, write } = await watchFolder(t, { backfill: 2 })
    for (const [at, file] of ['c', 'a', 'b'].entries()) write(file, file, at + 1)
    assert.deepEqual(await look(), ['appeared a', 'appeared b'])
  })

  it('tells only what is asked for', async (t) => {
    const { look, write, remove } = await watchFolder(t, { events: ['gone'] })
    write('a', 'a')
    await look()
    write('a', 'aa')
    write('b', 'b')
    assert.deepEqual(await look(), [])
    remove('a')
    assert.deepEqual(await look(), ['gone a'])
  })

  it('chooses by patterns', async (t) => {
    const { look, write } = await watchFolder(t, {
      glob: ['*.{txt,md}', 'bin/**'],
      ignore: ['.*', 'node_modules', '/tmp/x*'],
    })
    await look()
    const some = ['a.txt', 'b.md', 'c.pdf', 'deep/d.txt', 'bin/e', 'bin/f/g', '.h.txt', '.git/i.txt']
    for (const file of [...some, 'node_modules/j.txt', 'k/node_modules/l.txt', 'tmp/xx.txt', 'tmp/y.txt'])
      write(file, file)
    const expected = ['a.txt', 'b.md', 'bin/e', 'bin/f/g', 'deep/d.txt', 'tmp/y.txt']
    assert.deepEqual(
      (await look()).sort(),
      expected.map((file) => `appeared ${file}`),
    )
  })

  it('follows links to files, and not to folders', async (t) => {
    const { path, look, write } = await watchFolder(t, { ignore: [] })
    await look()
    write('.data/a.txt', 'a')
    symlinkSync(path, join(path, '.data/loop'))
    symlinkSync('.data/a.txt', join(path, 'link.txt'))
    symlinkSync('nowhere', join(path, 'dangling'))
    symlinkSync('self', join(path, 'self'))
    assert.deepEqual((await look()).sort(), ['appeared .data/a.txt', 'appeared link.txt'])
    write('.data/a.txt', 'aa')
    assert.deepEqual((await look()).sort(), ['changed .data/a.txt', 'changed link.txt'])
  })

  it('reads names of any bytes', async (t) => {
    const { path, look, told } = await watchFolder(t)
    await look()
    const bad = Buffer.concat([Buffer.from(`${path}/bad`), Buffer.from([0xff])])
    mkdirSync(bad)
    writeFileSync(Buffer.concat([bad, Buffer.from('/x')]), 'x')
    writeFile(join(path, 'new\nline " \\ \u{1F600}'), 'y')
    writeFile(join(path, '__proto__'), 'z')
    assert.deepEqual((await look()).sort(), [
      'appeared __proto__',
      'appeared bad\ufffd/x',
      'appeared new\nline " \\ \u{1F600}',
    ])
    assert.equal(new Set(told.map(({ identifier }) => identifier)).size, 3)
    rmSync(bad, { recursive: true })
    assert.deepEqual(await look(), ['gone bad\ufffd/x'])
  })

  it('reads deep folders', async (t) => {
    const { look, write } = await watchFolder(t)
    await look()
    const deep = `${'d'.repeat(200)}/`.repeat(15)
    write(`${deep}a`, 'a')
    assert.deepEqual(await look(), [`appeared ${deep}a`])
  })

  it('takes the folder for gone when it is deleted, and finds it again', async (t) => {
    const { path, look, write } = await watchFolder(t)
    write('a', 'a')
    await look()
    rmSync(path, { recursive: true })
    assert.deepEqual(await look(), ['gone a'])
    assert.deepEqual(await look(), [])
    write('a', 'a')
    write('b', 'b')
    assert.deepEqual((await look()).sort(), ['appeared a', 'appeared b'])
  })

  it('waits for a drive that is away', async (t) => {
    const path = join(temporaryDirectory(t), 'drive')
    mkdirSync(path)
    const mount = (): boolean => spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', path]).status === 0
    const unmount = (): unknown => spawnSync('umount', ['-l', path])
    if (!mount()) return t.skip('this user may not mount')
    t.after(unmount)
    const { look, write } = await watchFolder(t, { path })
    await look()
    write('a', 'a')
    assert.deepEqual(await look(), ['appeared a'])
    unmount()
    assert.deepEqual(await look(), [])
    rmSync(path, { recursive: true })
    assert.deepEqual(await look(), [])
    mkdirSync(path)
    mount()
    write('b', 'b')
    assert.deepEqual((await look()).sort(), ['appeared b', 'gone a'])
  })

  it('takes nothing for news when its patterns change', async (t) => {
    const { path, write } = await watchFolder(t)
    write('a.txt', 'a')
    const log = await memoryLog()
    t.after(() => log.close())
    for (const [glob, file] of [
      ['*.txt', 'b.md'],
      ['*', undefined],
      ['*.md', undefined],
      ['*', 'c.md'],
    ] as const) {
      // The log keeps the state of the job.
      const running = await start(agent('x', [files({ path, watch: false, stable: 0, glob })]), { log, logger: false })
      await running.trigger('files.changes')
      if (file !== undefined) write(file, file)
      await running.trigger('files.changes')
      await running.stop()
    }
    const told: string[] = []
    for await (const event of log.events()) told.push(wordsOf(event))
    assert.deepEqual(told, ['appeared c.md'])
  })

  for (const [what, options] of [
    ['no path', {}],
    ['a pattern that is a number', { path: '.', glob: 5 }],
    ['an unknown event', { path: '.', events: ['moved'] }],
    ['a misspelt option', { path: '.', globs: '*' }],
  ] as const) {
    it(`rejects ${what}`, () => {
      assert.throws(() => files(options as never), { code: 'TIDINGS_STREAM_INVALID' })
    })
  }
})
