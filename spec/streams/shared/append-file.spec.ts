import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { isPark } from '../../../lib/core/control.ts'
import { appendOnce } from '../../../streams/shared/append-file.ts'
import { csvRecords } from '../../../streams/spreadsheet/csv-text.ts'
import { smallDisk } from '../../faults/small-disk.ts'
import { compiledProgram } from '../../support/compiled-program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const { signal } = new AbortController()

function prepare(t: TestContext) {
  const folder = temporaryDirectory(t)
  const path = join(folder, 'log.txt')
  const append = (key: string, text: string): Promise<boolean> => appendOnce({ key, signal }, 'x.do', path, () => text)
  const read = (): string => readFileSync(path, 'utf8')
  const journal = join(folder, '.log.txt.tidings/journal')
  return { folder, path, append, read, journal }
}

describe('appendOnce', () => {
  it('appends each delivery once', async (t) => {
    const { append, read } = prepare(t)
    assert.equal(await append('a', 'one\n'), true)
    assert.equal(await append('b', 'two\n'), true)
    assert.equal(await append('a', 'one\n'), false)
    assert.equal(read(), 'one\ntwo\n')
  })

  it('leaves nothing but the journal beside the file', async (t) => {
    const { folder, append } = prepare(t)
    await Promise.all(['a', 'b', 'c'].map((key) => append(key, `${key}\n`)))
    assert.deepEqual(readdirSync(folder).toSorted(), ['.log.txt.tidings', 'log.txt'])
    assert.deepEqual(readdirSync(join(folder, '.log.txt.tidings')), ['journal'])
  })

  it('keeps the lines of concurrent writers whole', async (t) => {
    const { append, read } = prepare(t)
    const lines = Array.from({ length: 50 }, (_, n) => `${n} ${'x'.repeat(n * 100)}.\n`)
    await Promise.all(lines.map((line, n) => append(String(n), line)))
    assert.deepEqual(new Set(read().split('\n')), new Set([...lines.map((line) => line.trimEnd()), '']))
  })

  it('ends a last line that has no line break', async (t) => {
    const { path, append, read } = prepare(t)
    writeFileSync(path, 'by hand')
    await append('a', 'one\n')
    assert.equal(read(), 'by hand\none\n')
  })

  it('follows links, so that all writers share one journal', async (t) => {
    const { folder, path, append, read } = prepare(t)
    await append('a', 'one\n')
    symlinkSync(path, join(folder, 'link.txt'))
    assert.equal(await appendOnce({ key: 'a', signal }, 'x.do', join(folder, 'link.txt'), () => 'one\n'), false)
    assert.equal(read(), 'one\n')
  })

  it('lets those read the journal who may read the file', async (t) => {
    const { path, append, journal } = prepare(t)
    writeFileSync(path, '', { mode: 0o600 })
    await append('a', 'one\n')
    await append('large', `${'x'.repeat(4 * 1024 * 1024)}\n`)
    await append('b', 'two\n')
    assert.equal(statSync(journal).mode & 0o777, 0o600)
  })

  it('makes a missing folder', async (t) => {
    const { folder } = prepare(t)
    const path = join(folder, 'a/b/log.txt')
    await appendOnce({ key: 'a', signal }, 'x.do', path, () => 'one\n')
    assert.equal(readFileSync(path, 'utf8'), 'one\n')
  })

  it('begins again when the file was replaced by a shorter one', async (t) => {
    const { path, append, read } = prepare(t)
    await append('a', 'one\n')
    await append('b', 'two\n')
    writeFileSync(path, 'new\n')
    await append('c', 'three\n')
    assert.equal(read(), 'new\nthree\n')
  })

  it('remembers deliveries after the journal was shortened', async (t) => {
    const { append, read, journal } = prepare(t)
    await append('first', 'first\n')
    await append('large', `${'x'.repeat(4 * 1024 * 1024)}\n`)
    assert.ok(readFileSync(journal).length < 1000)
    assert.equal(await append('first', 'first\n'), false)
    assert.equal(await append('large', 'large\n'), false)
    await append('last', 'last\n')
    assert.ok(read().endsWith('x\nlast\n'))
  })

  it('sees what other processes wrote meanwhile, also if they dropped an entry', async (t) => {
    const { path, append, read, journal } = prepare(t)
    const other = (key: string, text: string): void => {
      appendFileSync(journal, `${JSON.stringify({ key, at: readFileSync(path).length, text })}\n`)
      appendFileSync(path, text)
    }
    await append('a', 'one\n')
    other('b', 'two\n')
    other('c', 'three\n')
    for (const key of ['a', 'b', 'c']) assert.equal(await append(key, 'again\n'), false)
    // The other process takes our entry back, as if its text were not there, and adds its own.
    writeFileSync(path, 'one\ntwo\n')
    writeFileSync(journal, readFileSync(journal, 'utf8').replace(/.*"c".*\n/, ''))
    other('longer than the key before', 'three\n')
    assert.equal(await append('c', 'again\n'), true)
    appendFileSync(journal, Buffer.from([0xff, 0xfe, 0x0a]))
    assert.equal(await append('d', 'last\n'), true)
    assert.equal(read(), 'one\ntwo\nthree\nagain\nlast\n')
  })

  it('waits for its turn no longer than its signal', async (t) => {
    const { path } = prepare(t)
    const stop = new AbortController()
    let free: (() => void) | undefined
    const compose = (): Promise<string> => new Promise((resolve) => (free = () => resolve('a\n')))
    const busy = appendOnce({ key: 'a', signal }, 'x.do', path, compose)
    const waits = appendOnce({ key: 'b', signal: stop.signal }, 'x.do', path, () => 'b\n')
    const refused = assert.rejects(waits, /time is up/)
    stop.abort(new Error('time is up'))
    ;(await until(() => free))()
    await refused
    assert.equal(await busy, true)
  })
})

describe('a file that cannot be appended to', () => {
  const fails = (path: string): Promise<unknown> =>
    appendOnce({ key: 'a', signal }, 'x.do', path, () => 'a\n').then(
      () => assert.fail('it was appended to'),
      (error: unknown) => error,
    )

  it('parks the event if it is a directory, or behind a file', async (t) => {
    const { folder, path } = prepare(t)
    mkdirSync(path)
    const error = await fails(path)
    assert.ok(isPark(error))
    assert.match(error.message, /^x\.do: cannot write .*log\.txt: it is not a file$/)
    writeFileSync(join(folder, 'file'), '')
    assert.ok(isPark(await fails(join(folder, 'file/log.txt'))))
    symlinkSync('loop', join(folder, 'loop'))
    assert.ok(isPark(await fails(join(folder, 'loop'))))
  })

  it('fails ordinarily while the disk is full, and appends once when there is room', async (t) => {
    const disk = smallDisk(t)
    const path = join(disk.directory, 'log.txt')
    // There is room for the journal or for the file, and for neither if the text is larger.
    for (const size of [200_000, 400_000]) {
      const append = (): Promise<boolean> =>
        appendOnce({ key: String(size), signal }, 'x.do', path, () => `${'x'.repeat(size)}\n`)
      await appendOnce({ key: `before ${size}`, signal }, 'x.do', path, () => 'before\n')
      const before = readFileSync(path).length
      disk.fill(process.pid)
      const error = await append().catch((failure: unknown) => failure as { code?: string; message: string })
      const during = readFileSync(path).length
      disk.free(process.pid)
      assert.equal((error as { code?: string }).code, 'TIDINGS_FILE_FAILED')
      assert.equal(during, before)
      assert.deepEqual([await append(), await append()], [true, false])
      assert.equal(readFileSync(path).length, before + size + 1)
    }
  })
})

/** What a journal and its file may look like after the process died while it appended `text`. */
function died(
  path: string,
  journal: string,
  text: string,
  { noted, written }: { noted: number; written: number },
): void {
  const at = existsSync(path) ? readFileSync(path).length : 0
  const entry = Buffer.from(`${JSON.stringify({ key: 'dies', at, text })}\n`)
  appendFileSync(journal, entry.subarray(0, noted))
  if (noted >= entry.length) appendFileSync(path, Buffer.from(text).subarray(0, written))
}

describe('an append that was cut short by a crash', () => {
  it('is completed by the next attempt, wherever it died, and never twice', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 3 }),
        fc.nat({ max: 120 }),
        fc.nat({ max: 20 }),
        fc.boolean(),
        async (before, noted, written, otherFirst) => {
          const { path, append, read, journal } = prepare(t)
          mkdirSync(join(path, '../.log.txt.tidings'))
          for (const [n, line] of before.entries()) await append(String(n), `${line}\n`)
          const expected = before.map((line) => `${line}\n`).join('')
          died(path, journal, 'dies "ä\n', { noted, written })
          if (otherFirst) await append('other', 'other\n')
          await append('dies', 'dies "ä\n')
          await append('dies', 'dies "ä\n')
          const lines = ['dies "ä\n', 'other\n']
          const possible = otherFirst ? [lines.join(''), lines.toReversed().join('')] : [lines[0]]
          assert.ok(
            possible.some((end) => read() === expected + end),
            JSON.stringify(read()),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is found although the file was changed before the next attempt', async (t) => {
    const { path, append, read, journal } = prepare(t)
    await append('a', 'one\n')
    died(path, journal, 'dies\n', { noted: 1000, written: 1000 })
    writeFileSync(path, `by hand\n${read()}`)
    assert.equal(await append('dies', 'dies\n'), false)
    assert.equal(read(), 'by hand\none\ndies\n')
  })
})

describe('several processes that append to one file and are killed', () => {
  it('write every row once, whole, under one header', { timeout: 120_000 }, async (t) => {
    const path = join(temporaryDirectory(t), 'rows.csv')
    const acknowledged = new Map<string, number>()
    const program = await compiledProgram(join(import.meta.dirname, 'programs/append-child.ts'))
    const begin = (name: string) => {
      const from = (acknowledged.get(name) ?? -1) + 1
      const args = [program, path, name, String(from), String(name === 'a' ? 20_000 : 10)]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      createInterface({ input: child.stdout }).on('line', (line) => acknowledged.set(name, Number(line)))
      const closed = new Promise((resolve) => child.once('close', resolve))
      t.after(() => child.kill('SIGKILL'))
      return { child, closed }
    }
    const names = ['a', 'b', 'c']
    for (let round = 0; round < 2; round++) {
      const before = new Map(acknowledged)
      const children = names.map(begin)
      await until(() => names.every((name) => (acknowledged.get(name) ?? 0) >= (before.get(name) ?? 0) + 5))
      for (const { child } of children) child.kill('SIGKILL')
      await Promise.all(children.map(({ closed }) => closed))
    }
    // The row that was not acknowledged is delivered again.
    const { spreadsheet } = await import('../../../streams/spreadsheet.ts')
    for (const [name, n] of acknowledged) {
      const append = spreadsheet.appendRow(path, () => ({ writer: name, n: n + 1, text: 'again' }))
      await append(undefined, { key: `${name} ${n + 1}`, signal } as never)
    }
    const [header, ...rows] = [...csvRecords(readFileSync(path, 'utf8'), ',')]
    assert.deepEqual(header?.fields, ['writer', 'n', 'text'])
    for (const name of names) {
      const numbers = rows.filter(({ fields }) => fields[0] === name).map(({ fields }) => Number(fields[1]))
      assert.deepEqual(
        numbers,
        Array.from({ length: (acknowledged.get(name) ?? 0) + 2 }, (_, n) => n),
      )
    }
    assert.equal(
      rows.length,
      names.reduce((sum, name) => sum + (acknowledged.get(name) ?? 0) + 2, 0),
    )
    for (const { fields } of rows) assert.match(fields[2] ?? '', /^("x+"\n,|again)$/)
    assert.deepEqual(readdirSync(join(path, '../.rows.csv.tidings')), ['journal'])
  })
})
