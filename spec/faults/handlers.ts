import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { compiled } from './compiled.ts'
import { place } from './place.ts'
import { killAfter, run } from './process.ts'
import { shown } from './results.ts'
import { share } from './share.ts'

/** Processes that die and handlers that misbehave. */
export function handlerSuite(rounds: number, tier: 'fast' | 'slow'): void {
  const program = compiled()

  describe('a process that dies between commit and delivery', () => {
    it(`reaches every listener after its restart: ${rounds} times`, async (t) => {
      const path = await program(import.meta.resolve('./programs/undelivered.ts'))
      let events = 0
      for (let round = 0; round < rounds; round++) {
        const { lines, ...where } = place(t)
        const life = 7 + round * 31
        const { signal, stderr } = await run(path, { ...where, life }).ended
        assert.equal(signal, 'SIGKILL', stderr)
        assert.deepEqual([...lines('told'), ...lines('handled')], [])
        const { code } = await run(path, { ...where, life, last: true }).ended
        assert.equal(code, 0)
        const all = Array.from({ length: 1 + (life % 100) }, (_, n) => `${n + 1} 1`)
        for (const name of ['a', 'b', 'c']) assert.deepEqual(lines('handled', name), all)
        events += all.length
      }
      shown({
        row: 'undelivered',
        tier,
        rounds: String(rounds),
        result: `${events} events × 3 listeners: each told once`,
      })
    })
  })

  describe('handlers that throw, reject, throw later, never settle or block', () => {
    it('do not affect other listeners, are retried, and are parked', async (t) => {
      const { lines, ...where } = place(t)
      const count = 5 * rounds
      const path = await program(import.meta.resolve('./programs/harmed.ts'))
      // The one that never settles takes its timeout twice for each event, one after another.
      const { code, stderr } = await killAfter(run(path, { ...where, life: count }), 120_000 + count * 1000)
      assert.equal(code, 0, stderr)
      const seqs = lines('handled', 'innocent').map(Number)
      assert.equal(seqs.length, count)
      assert.equal(new Set(seqs).size, count)
      // The innocent listener keeps hearing meanwhile: before the one that never settles got its second event.
      const diary = lines()
      const stuck = diary.filter((line) => line.startsWith('begins never-settles '))
      const between = diary.slice(diary.indexOf(stuck[0] as string), diary.indexOf(stuck[2] as string))
      const meanwhile = between.filter((line) => line.startsWith('handled innocent')).length
      assert.ok(meanwhile >= 2, `only ${meanwhile} were handled while another one never settled`)
      for (const name of ['throws', 'rejects', 'never-settles']) {
        assert.deepEqual(lines('parked', name), [String(count)], name)
        assert.equal(lines('begins', name).length, 2 * count, `${name} is tried twice`)
      }
      for (const name of ['throws-later', 'blocks', 'innocent']) {
        assert.deepEqual(lines('parked', name), ['0'], name)
      }
      const said = lines('says')
      const later = said.filter((line) => line.endsWith('"thrown later" uncaught exception'))
      assert.equal(later.length, count)
      const blocked = said.filter((line) => /^blocks \d+ "" listener blocked the event loop$/.test(line))
      assert.equal(blocked.length, count)
      for (const line of blocked) assert.ok(Number(line.split(' ')[1]) >= 200, line)
      const part = await share(() => temporaryDirectory(t), tier === 'slow' ? 7 : 1)
      // Only the slow tier has enough timings to assert on.
      if (tier === 'slow') assert.ok(part > 0.5, `its throughput is ${part} of what it is alone`)
      shown({
        row: 'harm',
        tier,
        rounds: `${count} events × 5 offenders`,
        result: `the innocent listener handled all, ${meanwhile} of them while another delivery never settled; beside three that fail with every event its throughput is ${part.toFixed(2)} × that alone; ${3 * count} deliveries were tried again and parked; ${count} blocks were named`,
      })
    })
  })

  describe('a handler that exits the process', () => {
    it('is identified: only its event is parked, after five deaths alone, and all others complete across restarts', async (t) => {
      const { lines, parked, ...where } = place(t)
      const path = await program(import.meta.resolve('./programs/exits.ts'))
      let deaths = 0
      for (; deaths < 10; deaths++) {
        const { code, stderr } = await run(path, { ...where, life: deaths }).ended
        if (code === 0) break
        assert.equal(code, 3, stderr)
      }
      const all = Array.from({ length: 20 }, (_, n) => n + 1)
      assert.equal(deaths, 6, 'one in company, five alone')
      assert.deepEqual(new Set(lines('handled', 'slow').map(Number)), new Set(all))
      assert.deepEqual(new Set(lines('handled', 'exits').map(Number)), new Set(all.filter((seq) => seq !== 13)))
      assert.equal(lines('begins', 'exits').filter((seq) => seq === '13').length, 6)
      const [offender, ...others] = await parked('exits')
      assert.deepEqual([offender?.event.seq, offender?.error.code], [13, 'TIDINGS_LISTENER_CRASHED'])
      assert.deepEqual([...others, ...(await parked('slow'))], [])
      shown({
        row: 'exit',
        tier,
        rounds: `${deaths} deaths`,
        result: 'the offender alone is parked; 39 other deliveries complete',
      })
    })

    it('is not confused with an innocent one: a slow event in flight at five power cuts is handled in the end', async (t) => {
      const { lines, parked, ...where } = place(t)
      const path = await program(import.meta.resolve('./programs/exits.ts'))
      const begun = (): number => lines('begins', 'slow').filter((seq) => seq === '6').length
      for (let cut = 0; cut < 5; cut++) {
        const mortal = run(path, { ...where, life: cut, powerCuts: true })
        while (begun() <= cut && mortal.child.exitCode === null) await sleep(5)
        const { signal, stderr } = await killAfter(mortal, 20)
        assert.equal(signal, 'SIGKILL', stderr)
      }
      assert.deepEqual(
        lines('handled', 'slow').filter((seq) => seq === '6'),
        [],
      )
      const { code, stderr } = await run(path, { ...where, life: 5, powerCuts: true }).ended
      assert.equal(code, 0, stderr)
      assert.equal(lines('handled', 'slow').filter((seq) => seq === '6').length, 1)
      assert.equal(new Set(lines('handled', 'slow')).size, 20)
      assert.deepEqual([...(await parked('slow')), ...(await parked('exits'))], [])
      shown({
        row: 'power cuts',
        tier,
        rounds: '5 cuts over one event',
        result: 'it is handled in the sixth life; nothing is parked',
      })
    })
  })
}
