import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bar, progressBar } from '../../../bin/print/progress-bar.ts'

function screen(isTTY: boolean): typeof process.stderr & { text: string } {
  const fake = { isTTY, text: '', write: (text: string) => (fake.text += text) }
  return fake as unknown as typeof process.stderr & { text: string }
}

describe('a progress bar', () => {
  it('says how far a work is, not too often, and takes that back', (t) => {
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

  it('says how much there was, where nobody knows how much there is', () => {
    const output = screen(true)
    progressBar('reading', output).show(12)
    assert.equal(output.text, '\rreading … 12\u001b[K')
  })

  it('says nothing where nobody looks', () => {
    const output = screen(false)
    const progress = progressBar('reading', output)
    progress.show(1, 4)
    progress.end()
    assert.equal(output.text, '')
  })

  it('is never longer than itself', () => {
    assert.deepEqual([bar(-1, 4), bar(0.5, 4), bar(7, 4), bar(0 / 0, 4)], ['░░░░', '██░░', '████', '████'])
  })
})
