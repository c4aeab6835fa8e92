import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bar, progressBar, whileWaiting } from '../../../bin/print/progress.ts'

function screen(isTTY: boolean): typeof process.stderr & { text: string } {
  const fake = { isTTY, text: '', write: (text: string) => (fake.text += text) }
  return fake as unknown as typeof process.stderr & { text: string }
}

describe('whileWaiting', () => {
  it('counts the seconds on a terminal, and clears the line at the end', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const output = screen(true)
    let resolve: (value: number) => void = () => undefined
    const work = new Promise<number>((done) => (resolve = done))
    const waiting = whileWaiting('counting', work, output)
    t.mock.timers.tick(1300)
    resolve(7)
    assert.equal(await waiting, 7)
    assert.equal(output.text, '\rcounting … 1 s\r\u001b[K')
  })

  it('prints nothing for short work or to a pipe, and passes on errors', async () => {
    const [terminal, pipe] = [screen(true), screen(false)]
    await whileWaiting('counting', Promise.resolve(), terminal)
    await assert.rejects(whileWaiting('counting', Promise.reject(new Error('broken')), pipe), /broken/)
    assert.deepEqual([terminal.text, pipe.text], ['', ''])
  })
})

describe('progressBar', () => {
  it('shows how far a task is, not too often, and clears the line at the end', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
    const output = screen(true)
    const progress = progressBar('reading', output)
    progress.show(1, 4)
    progress.show(2, 4)
    t.mock.timers.tick(150)
    progress.show(3, 4)
    progress.end()
    const [quarter, most] = ['██████░░░░░░░░░░░░░░░░░░ 25 %', '██████████████████░░░░░░ 75 %']
    assert.equal(output.text, `\rreading ${quarter}\u001b[K\rreading ${most}\u001b[K\r\u001b[K`)
  })

  it('shows the amount alone when the total is unknown', () => {
    const output = screen(true)
    progressBar('reading', output).show(12)
    assert.equal(output.text, '\rreading … 12\u001b[K')
  })

  it('prints nothing to a pipe', () => {
    const output = screen(false)
    const progress = progressBar('reading', output)
    progress.show(1, 4)
    progress.end()
    assert.equal(output.text, '')
  })

  it('never exceeds its width', () => {
    assert.deepEqual([bar(-1, 4), bar(0.5, 4), bar(7, 4), bar(0 / 0, 4)], ['░░░░', '██░░', '████', '████'])
  })
})
