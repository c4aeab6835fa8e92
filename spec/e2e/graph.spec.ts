import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { answered } from './answered.ts'
import { root, start, tidings, userFolder } from './program.ts'

const page = readFileSync(join(root, 'docs/graph.md'), 'utf8')

describe('tidings graph', () => {
  it('prints what its page shows, of a resting log and of a running agent', async (t) => {
    const folder = userFolder(t)
    const bare = await tidings(t, folder, ['graph', 'hello.ts'])
    assert.deepEqual([bare.code, bare.stderr], [0, ''])
    assert.doesNotMatch(bare.stdout, /\||event<|passed/)

    const [, shown] = /\$ tidings graph hello\.ts\n([^]*?)```/.exec(page) ?? []
    assert.equal((await tidings(t, folder, ['run', 'hello.ts', '--once'])).code, 0)
    assert.equal((await answered(folder, ['graph', 'hello.ts'])).stdout, shown)

    const running = start(t, folder, 'tidings', ['run', 'hello.ts'])
    await running.said(/starting agent/)
    assert.equal((await answered(folder, ['graph', 'hello.ts'])).stdout, shown)
    await running.signal('SIGTERM')
  })

  it('prints every format, and names the one that was meant', async (t) => {
    const folder = userFolder(t)
    const [dot, svg, json, same, wrong, both] = await Promise.all(
      [
        ['--format', 'dot'],
        ['--format', 'svg'],
        ['--json'],
        ['--format=json', '--json'],
        ['--format', 'mermad'],
        ['--format', 'svg', '--json'],
      ].map((args) => answered(folder, ['graph', 'hello.ts', ...args])),
    )
    assert.match(dot?.stdout ?? '', /^digraph "hello" \{/)
    assert.match(svg?.stdout ?? '', /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    const { agent, nodes } = JSON.parse(json?.stdout ?? '') as { agent: string; nodes: unknown[] }
    assert.deepEqual([agent, nodes.length, same?.stdout], ['hello', 3, json?.stdout])
    assert.deepEqual([wrong?.code, both?.code], [2, 2])
    assert.match(wrong?.stderr ?? '', /did you mean "mermaid"\?/)
  })
})
