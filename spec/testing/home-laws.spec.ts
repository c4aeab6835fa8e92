import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import home from '../../docs/examples/home.ts'
import { agentLaws, listenerLaws, pipeLaws } from '../../lib/testing/index.ts'

/** Texts as services send them. */
const text = fc.string({ minLength: 1, maxLength: 8 })
const link = fc.nat(99).map((id) => `https://example.org/${id}`)
const hour = fc.nat(1000).map((at) => new Date(Date.UTC(2026, 0, 1, at)).toISOString())

/** What the listeners of the home hear: an event type, and its data as far as they look at it. */
const heard: Readonly<Record<string, readonly [type: string, data: fc.Arbitrary<unknown>]>> = {
  tasks: ['github.issue.assigned', fc.record({ title: text, url: link })],
  archive: ['todoist.completed', fc.record({ completed: hour, content: text })],
  sky: ['weather.current', fc.record({ temperature: fc.integer({ min: -20, max: 40 }), wind: fc.nat(20) })],
  trains: ['transit.prediction', fc.record({ headsign: text, departure: hour })],
  releases: ['feed.item', fc.record({ published: hour, title: fc.constantFrom('Announcing it', 'News'), link })],
}

const world = { fetch: async () => Response.json({ id: '1' }) }

describe('docs/examples/home.ts', () => {
  // Their files are in the working directory.
  const outside = process.cwd()
  let directory: string | undefined
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'home-laws-'))
    process.chdir(directory)
  })
  after(() => {
    process.chdir(outside)
    if (directory !== undefined) rmSync(directory, { recursive: true })
  })
  const eventsOf = (name: string) => {
    const [type, data] = heard[name] as (typeof heard)[string]
    return fc
      .tuple(fc.stringMatching(/^[a-z]{1,4}$/), data)
      .map(([identifier, given]) => ({ type, identifier, data: given, seq: 1, created: 1 }))
  }
  for (const listener of home.listeners) {
    const events = eventsOf(listener.name)
    const laws = {
      ...pipeLaws(listener, { events, numRuns: 20 }),
      ...listenerLaws(listener, { events, world, numRuns: 4 }),
    }
    for (const [name, law] of Object.entries(laws)) it(`${listener.name}: ${name}`, law)
  }
  const events = fc.oneof(...Object.keys(heard).map(eventsOf))
  for (const [name, law] of Object.entries(agentLaws(home, { events, world, numRuns: 4 }))) it(name, law)
})
