import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Received } from '../../../streams/hook.ts'
import { webhooks } from '../github-payloads.ts'
import { github, openHook, post } from '../hook-service.ts'

it('a hook publishes the webhooks that GitHub has recorded, whole and under their names', async (t) => {
  // One of each event: the others differ in their action.
  const recorded = webhooks.map(({ name, examples }) => ({ id: `id-${name}`, name, body: examples[0] }))
  assert.ok(recorded.length > 50, `only ${recorded.length} events`)
  const { url, events } = await openHook(t, { from: 'github', secret: 'GITHUB' })
  const replies = await Promise.all(recorded.map(({ id, name, body }) => post(url, github(body, id, name))))
  assert.deepEqual([...new Set(replies.map(({ status, text }) => `${status} ${text}`))], ['200 new\n'])
  const published = new Map((await events()).map(({ identifier, data }) => [identifier, data as Received]))
  assert.equal(published.size, recorded.length)
  for (const { id, name, body } of recorded) {
    assert.equal(published.get(id)?.event, name)
    assert.equal(JSON.stringify(published.get(id)?.body), JSON.stringify(body))
  }
})
