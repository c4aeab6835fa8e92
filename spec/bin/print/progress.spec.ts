import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { whileWaiting } from '../../../bin/print/progress.ts'

function screen(isTTY: boolean): typeof process.stderr & { text: string } {
  const fake = { isTTY, text: '', write: (text: string) => (fake.text += text) }
  return fake as unknown as typeof process.stderr & { text: string }
}

describe('whileWaiting', () => {
  it('says on a terminal that work goes on, and takes that back when it is done', async () => {
    const output = screen(true)
    assert.equal(await whileWaiting('counting', sleep(1300, 7), output), 7)
    assert.equal(output.text, '\rcounting … 1 s\r\u001b[K')
  })

  it('says nothing where work is done soon, or where nobody looks, and lets errors through', async () => {
    const [terminal, pipe] = [screen(true), screen(false)]
    await whileWaiting('counting', sleep(10), terminal)
    await assert.rejects(whileWaiting('counting', Promise.reject(new Error('broken')), pipe), /broken/)
    assert.deepEqual([terminal.text, pipe.text], ['', ''])
  })
})
