import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { watchFolder } from './files-service.ts'

/** In s, as file systems count. */
const HOUR = 3600
const NOW = Date.UTC(2026, 10, 28) / 1000

const skews = { 'five hours': 5 * HOUR, 'two years': 17_520 * HOUR }

describe('files and clocks', () => {
  for (const [long, skew] of Object.entries(skews)) {
    for (const [where, ahead] of [
      ['ahead', skew],
      ['behind', -skew],
    ] as const) {
      it(`tells each file once on a drive whose clock is ${long} ${where}`, async (t) => {
        const { look, write } = await watchFolder(t)
        await look()
        write('a.txt', 'a', NOW + ahead)
        assert.deepEqual(await look(), ['appeared a.txt'])
        write('a.txt', 'ab', NOW + ahead + 1)
        write('b.txt', 'b', NOW)
        assert.deepEqual((await look()).toSorted(), ['appeared b.txt', 'changed a.txt'])
        assert.deepEqual(await look(), [])
      })

      it(`tells each file once after our clock was ${long} ${where}`, async (t) => {
        const { look, write, clock } = await watchFolder(t)
        clock.now += ahead * 1000
        await look()
        write('a.txt', 'a', NOW)
        assert.deepEqual(await look(), ['appeared a.txt'])
        clock.now -= ahead * 1000
        write('b.txt', 'b', NOW)
        assert.deepEqual(await look(), ['appeared b.txt'])
        assert.deepEqual(await look(), [])
      })
    }
  }

  it('tells a file that comes late, with the time of years ago', async (t) => {
    const { look, write } = await watchFolder(t)
    write('new.txt', 'a', NOW)
    await look()
    write('late.txt', 'b', NOW - 90_000 * HOUR)
    assert.deepEqual(await look(), ['appeared late.txt'])
    assert.deepEqual(await look(), [])
  })

  it('tells nothing when the file system renumbers all files', async (t) => {
    const { path, look, write } = await watchFolder(t)
    for (const name of ['a.txt', 'b.txt', 'c.txt']) write(name, name, NOW)
    await look()
    const before = numbersIn(path)
    for (const name of before.keys()) {
      const file = join(path, name)
      copyFileSync(file, `${path}-${name}`)
      utimesSync(`${path}-${name}`, NOW, NOW)
      renameSync(`${path}-${name}`, file)
    }
    for (const [name, number] of numbersIn(path)) assert.notEqual(number, before.get(name))
    assert.deepEqual(await look(), [])
    rmSync(join(path, 'a.txt'))
    assert.deepEqual(await look(), ['gone a.txt'])
  })
})

/** The inode numbers of the files in a folder. */
function numbersIn(path: string): Map<string, number> {
  return new Map(readdirSync(path).map((name) => [name, statSync(join(path, name)).ino]))
}
