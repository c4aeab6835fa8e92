import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compiled } from './compiled.ts'
import { askAgain, askEverything, openFiltered, tell } from './damage-story.ts'
import { place } from './place.ts'
import { run } from './process.ts'
import { type Result, shown } from './results.ts'

/** How a case can end: nothing differs, the log is refused, `verify` finds it, or LevelDB ends the process. */
const outcomes = ['identical', 'refused', 'flagged', 'aborted'] as const
type Outcome = (typeof outcomes)[number]

/** Damages one file of a log, `rounds` times, and runs every query on it. */
export function damageSuite(rounds: number, tier: Result['tier'], seed = Math.floor(Math.random() * 2 ** 30)): void {
  const program = compiled()
  describe(`a log with one damaged file, ${rounds} times`, () => {
    it('answers as before, is refused, or is reported as damaged: it never differs in silence', async (t) => {
      const path = await program(import.meta.resolve('./programs/damaged.ts'))
      const where = place(t)
      const { directory, diary } = where
      await tell(directory)
      await cp(directory, `${directory}-whole`, { recursive: true })
      const whole = await openFiltered(`${directory}-whole`)
      const said = await askEverything(whole)
      assert.deepEqual(await whole.verify(), { ok: true, problems: [] })
      writeFileSync(`${directory}.json`, JSON.stringify({ ...said, again: await askAgain(whole) }))
      await whole.close()
      const counts = new Map<string, Map<Outcome, number>>()
      for (let round = 0; round < rounds; ) {
        const { code, signal, stderr } = await run(path, { directory, diary, life: round, seed, rounds }).ended
        const begun = where.lines('begins').slice(round)
        assert(begun.length > 0 && (code === 0 || signal !== null), stderr)
        const ended = where.lines('ends')
        for (const line of begun) {
          const [nth, kind = '', ...what] = line.split(' ')
          const answer = ended.find((each) => each.startsWith(`${nth} `))
          const [outcome, ...words] =
            answer === undefined ? ['aborted'] : (JSON.parse(answer.slice(`${nth} `.length)) as string[])
          const story = `seed ${seed}, round ${nth}: ${what.join(' ')}: ${outcome}: ${words.join(', ')}`
          assert(outcomes.includes(outcome as Outcome), story)
          const own = counts.get(kind) ?? new Map<Outcome, number>()
          counts.set(kind, own.set(outcome as Outcome, (own.get(outcome as Outcome) ?? 0) + 1))
        }
        round += begun.length
        rmSync(`${directory}-copy`, { recursive: true, force: true })
      }
      const result = `${[...counts].map(inWords).join('; ')}; 0 silent`
      t.diagnostic(`${result} (seed ${seed})`)
      shown({ row: 'damage', tier, rounds: String(rounds), result })
    })
  })
}

function inWords([kind, counts]: readonly [string, ReadonlyMap<Outcome, number>]): string {
  const there = outcomes.filter((outcome) => counts.has(outcome))
  return `${kind}: ${there.map((outcome) => `${counts.get(outcome)} ${outcome}`).join(', ')}`
}
