import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent, type LevelLog, listener, memoryLog, on, type Running, start } from '../../lib/index.ts'
import { type FilesOptions, files } from '../../streams/files.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { wordsOf, writeFile } from './files-service.ts'

/** A folder that an agent watches, in real time. It looks by itself only once in an hour. */
async function watch(t: TestContext, options: Partial<FilesOptions> = {}) {
  const path = temporaryDirectory(t)
  const log = await memoryLog()
  const told: string[] = []
  let running = await begin(path, log, told, options)
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  const inside = (file: string): string => join(path, file)
  const write = (file: string, text = file): void => writeFile(inside(file), text)
  /** Waits until this was told, in any order, and nothing else. */
  const heard = async (...expected: string[]): Promise<void> => {
    await until(() => told.length >= expected.length, `${expected.join(', ')}; told ${told.join(', ')}`)
    await running.drained()
    assert.deepEqual(told.splice(0).sort(), expected.sort())
  }
  const restart = async (meanwhile: () => void): Promise<void> => {
    await running.stop()
    meanwhile()
    running = await begin(path, log, told, options)
  }
  return { path, inside, write, heard, restart }
}

async function begin(path: string, log: LevelLog, told: string[], options: Partial<FilesOptions>): Promise<Running> {
  const stream = files({ path, every: '1h', stable: '50ms', ...options })
  const hear = listener(
    'hear',
    on(files.appeared, files.changed, files.gone),
    (event) => void told.push(wordsOf(event)),
  )
  const running = await start(agent('watch', [stream, hear]), { log, logger: false })
  // The first look is over when the state of the folder is stored.
  await until(() => log.store('job/files.changes').get('folder'), 'the first look')
  return running
}

describe('files that are watched', () => {
  it('cause events as soon as they are stable', async (t) => {
    const { write, heard, inside } = await watch(t)
    write('a.txt')
    await heard('appeared a.txt')
    write('a.txt', 'longer than before')
    await heard('changed a.txt')
    rmSync(inside('a.txt'))
    await heard('gone a.txt')
  })

  it('cause one event, although they are written in many steps', async (t) => {
    const { write, heard } = await watch(t, { stable: '300ms' })
    for (let size = 1; size < 20; size++) {
      write('a.txt', 'x'.repeat(size))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await heard('appeared a.txt')
    write('b.txt')
    await heard('appeared b.txt')
  })

  it('are noticed in folders that are new, moved or deleted', async (t) => {
    const { write, heard, inside } = await watch(t)
    write('one/two/a.txt')
    await heard('appeared one/two/a.txt')
    write('one/two/b.txt')
    await heard('appeared one/two/b.txt')
    renameSync(inside('one'), inside('three'))
    await heard('appeared three/two/a.txt', 'appeared three/two/b.txt', 'gone one/two/a.txt', 'gone one/two/b.txt')
    write('three/two/c.txt')
    await heard('appeared three/two/c.txt')
    rmSync(inside('three'), { recursive: true })
    await heard('gone three/two/a.txt', 'gone three/two/b.txt', 'gone three/two/c.txt')
  })

  it('cause no event again after a restart, unless something happened meanwhile', async (t) => {
    const { write, heard, restart, inside } = await watch(t)
    for (const file of ['a', 'b', 'c']) write(file)
    await heard('appeared a', 'appeared b', 'appeared c')
    await restart(() => undefined)
    await restart(() => {
      write('a', 'changed')
      rmSync(inside('b'))
      write('d')
    })
    await heard('changed a', 'appeared d', 'gone b')
  })

  it('are found again in a folder that was deleted and made again', async (t) => {
    const { path, write, heard } = await watch(t)
    write('a')
    await heard('appeared a')
    rmSync(path, { recursive: true })
    await heard('gone a')
    write('a')
    await heard('appeared a')
    write('b')
    await heard('appeared b')
  })

  it('are noticed in a folder that is made later', async (t) => {
    const { path, write, heard, restart } = await watch(t)
    await restart(() => rmSync(path, { recursive: true }))
    mkdirSync(path)
    write('a')
    await heard('appeared a')
  })
})
