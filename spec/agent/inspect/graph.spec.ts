import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Graph, graphOf } from '../../../lib/agent/inspect/graph.ts'
import { dotOf } from '../../../lib/agent/inspect/graph-dot.ts'
import { mermaidOf } from '../../../lib/agent/inspect/graph-mermaid.ts'
import { svgOf } from '../../../lib/agent/inspect/graph-svg.ts'
import type { Seen } from '../../../lib/agent/inspect/seen.ts'
import { escape } from '../../../lib/core/escape.ts'
import { agent, eventType, every, job, listener, on } from '../../../lib/index.ts'
import { anyCharacter } from '../../../lib/testing/any-character.ts'

const opened = eventType('pr.opened')
const closed = eventType('pr.closed')
const nothing = (): void => undefined
const home = agent('home', [
  job('poll', every('5m'), nothing, { publishes: [opened, closed] }),
  job('other', every('1h'), nothing),
  listener('titles', on(opened), nothing),
  listener('all pr', on('pr.*'), nothing),
  listener('later', on('issue.*'), nothing),
])

const idle = { behind: 0, running: 0, retrying: 0, parked: 0 }
const seen: Seen = {
  flow: {
    events: [
      { type: 'pr.opened', job: 'poll', count: 12, last: 30 },
      { type: 'note', job: 'other', count: 1, last: 31 },
      { type: 'pr.closed', cause: 'pr.opened', count: 2, last: 32 },
      { type: 'issue.new', cause: 'pr.closed', count: 3, last: 33 },
      { type: 'unrelated', count: 9, last: 40 },
      { type: 'tidings.listener.parked', cause: 'pr.opened', count: 1, last: 41 },
    ],
    listeners: [
      { listener: 'titles', type: 'pr.opened', passed: 11, parked: 1 },
      { listener: 'titles', type: 'pr.closed', passed: 2, parked: 0 },
    ],
  },
  listeners: [
    { name: 'titles', ...idle, behind: 1, parked: 1 },
    { name: 'all pr', ...idle },
  ],
  jobs: [],
}

describe('graphOf', () => {
  it('has what the parts declare, without numbers; a pattern stands for what is not known', () => {
    const { nodes, edges, ...rest } = graphOf(home)
    assert.deepEqual(rest, { agent: 'home', seen: false })
    assert.deepEqual(
      nodes.map(({ id }) => id),
      [
        'job poll',
        'job other',
        'event pr.opened',
        'event pr.closed',
        'event issue.*',
        'listener titles',
        'listener all pr',
        'listener later',
      ],
    )
    assert.deepEqual(
      edges.map(({ from, to, ...numbers }) => [`${from} → ${to}`, Object.keys(numbers).join()]),
      [
        ['job poll → event pr.opened', 'kind'],
        ['job poll → event pr.closed', 'kind'],
        ['event pr.opened → listener titles', 'kind'],
        ['event pr.opened → listener all pr', 'kind'],
        ['event pr.closed → listener all pr', 'kind'],
        ['event issue.* → listener later', 'kind'],
      ],
    )
  })

  it('has the numbers of a log, what jobs published besides, and what listeners published in answer', () => {
    const { nodes, edges } = graphOf(home, seen)
    const types = nodes.filter(({ kind }) => kind === 'event').map(({ name, events }) => [name, events])
    assert.deepEqual(types, [
      ['pr.opened', 12],
      ['pr.closed', 2],
      ['note', 1],
      ['issue.new', 3],
    ])
    assert.deepEqual(
      edges
        .filter(({ kind }) => kind !== 'hears')
        .map(({ from, to, events, unsure }) => `${from} → ${to} ${events}${unsure ? '?' : ''}`),
      [
        'job poll → event pr.opened 12',
        'job poll → event pr.closed 0',
        'job other → event note 1',
        'listener titles → event pr.closed 2?',
        'listener all pr → event pr.closed 2?',
        'listener all pr → event issue.new 3',
      ],
    )
    const [titles] = edges.filter(({ to }) => to === 'listener titles')
    assert.deepEqual([titles?.passed, titles?.parked], [11, 1])
    assert.deepEqual(nodes.find(({ name }) => name === 'titles')?.lag, { ...idle, behind: 1, parked: 1 })
    assert.equal(nodes.find(({ name }) => name === 'later')?.lag, undefined)
  })
})

describe('mermaidOf', () => {
  it('draws a flowchart', () => {
    const expected = `flowchart LR
  n0[["poll<br>every 5m"]]
  n1[["other<br>every 1h"]]
  n2(["pr.opened<br>12 events"])
  n3(["pr.closed<br>2 events"])
  n4(["note<br>1 event"])
  n5(["issue.new<br>3 events"])
  n6["titles<br>1 behind, 1 parked"]
  n7["all pr<br>up to date"]
  n8["later"]
  n0 -->|"12"| n2
  n0 -->|"0"| n3
  n1 -->|"1"| n4
  n2 -->|"11 passed, 1 parked"| n6
  n2 -->|"0 passed"| n7
  n3 -->|"0 passed"| n7
  n5 --> n8
  n6 -.->|"2?"| n3
  n7 -.->|"2?"| n3
  n7 -.->|"3"| n5
`
    assert.equal(mermaidOf(graphOf(home, seen)), expected)
  })
})

describe('dotOf', () => {
  it('draws a directed graph', () => {
    const expected = `digraph "home" {
  rankdir=LR
  n0 [shape=box, label="poll\\nevery 5m"]
  n1 [shape=box, label="other\\nevery 1h"]
  n2 [shape=oval, label="pr.opened"]
  n3 [shape=oval, label="pr.closed"]
  n4 [shape=oval, label="issue.*"]
  n5 [shape=box, style=rounded, label="titles"]
  n6 [shape=box, style=rounded, label="all pr"]
  n7 [shape=box, style=rounded, label="later"]
  n0 -> n2
  n0 -> n3
  n2 -> n5
  n2 -> n6
  n3 -> n6
  n4 -> n7
}
`
    assert.equal(dotOf(graphOf(home)), expected)
  })
})

describe('svgOf', () => {
  const svg = svgOf(graphOf(home, seen))

  it('has a title, a description, a legend, and both color schemes', () => {
    assert.match(svg, /aria-labelledby="tidings-title tidings-desc"/)
    assert.match(svg, /<title id="tidings-title">The agent home<\/title>/)
    assert.match(
      svg,
      /<desc id="tidings-desc">2 jobs, 4 event types and 3 listeners, with the numbers of its log\. job poll publishes event pr\.opened \(12\)\./,
    )
    assert.match(svg, /prefers-color-scheme: dark/)
    assert.match(svg, /publishes in answer/)
  })

  it('keeps boxes apart, and within the picture', () => {
    const picture = rectanglesOf(svg)
    for (const [i, a] of picture.boxes.entries()) {
      assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= picture.width && a.y + a.height <= picture.height)
      for (const b of picture.boxes.slice(i + 1)) {
        assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y)
      }
    }
  })

  it('draws an empty agent, and circles', () => {
    parseXml(svgOf(graphOf(agent('empty', []))))
    const loop: Graph = {
      agent: 'loop',
      seen: true,
      nodes: [
        { id: 'event a', kind: 'event', name: 'a' },
        { id: 'listener b', kind: 'listener', name: 'b' },
      ],
      edges: [
        { from: 'event a', to: 'listener b', kind: 'hears' },
        { from: 'listener b', to: 'event a', kind: 'causes', events: 1 },
      ],
    }
    assert.equal(svgOf(loop).match(/<path class="arrow (?:hears|causes)" d="M[\d. -]+C/g)?.length, 2)
    parseXml(svgOf(loop))
  })
})

const nasty = fc.oneof(
  fc.string({ unit: anyCharacter, minLength: 1 }),
  fc.string({
    unit: fc.constantFrom(
      ...'"\'<>&|`#;\\[](){}\n\r\t-.1%$/:'.split(''),
      '\u0000',
      '\u202e',
      '\uffff',
      '🚀',
      '漢',
      'é',
    ),
    minLength: 1,
  }),
)

/** A chain of parts with these names, and a circle. */
const graphs = fc.uniqueArray(nasty, { minLength: 3, maxLength: 6 }).map((names): Graph => {
  const kinds = ['job', 'event', 'listener'] as const
  const nodes = names.map((name, i) => ({ id: `${i}`, kind: kinds[i % 3] ?? 'job', name }))
  const edges = nodes.map(({ id }, i) => ({
    from: id,
    to: `${(i + 1) % nodes.length}`,
    kind: 'causes' as const,
    events: i,
  }))
  return { agent: names[0] ?? '', seen: true, nodes, edges }
})

describe('any name', () => {
  it('is one label in Mermaid, and can be read back', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const lines = mermaidOf(graph).trimEnd().split('\n')
        assert.equal(lines.length, 1 + graph.nodes.length + graph.edges.length)
        for (const [i, { name }] of graph.nodes.entries()) {
          const [, label = ''] =
            /^ {2}n\d+(?:\[\[|\(\[|\[)"([^"<>|`\\&]*)"(?:\]\]|\]\)|\])$/u.exec(lines[i + 1] ?? '') ?? []
          assert.equal(
            label.replaceAll(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))),
            escape(name),
          )
        }
      }),
    )
  })

  it('is one label in DOT, and can be read back', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const lines = dotOf(graph).trimEnd().split('\n')
        assert.equal(lines.length, 3 + graph.nodes.length + graph.edges.length)
        for (const [i, { name }] of graph.nodes.entries()) {
          const [, label = ''] = /label="((?:[^"\\]|\\["\\])*)"\]$/.exec(lines[i + 2] ?? '') ?? []
          assert.equal(label.replaceAll(/\\(["\\])/g, '$1'), escape(name))
        }
      }),
    )
  })

  it('gives well-formed XML that shows it, the same each time', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const svg = svgOf(graph)
        const titles = parseXml(svg)
        for (const { name, kind } of graph.nodes)
          assert.ok(
            titles.includes(
              `${kind} ${escape(name)}`.replaceAll(/[\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`),
            ),
          )
        assert.equal(svgOf(structuredClone(graph)), svg)
      }),
    )
  })
})

/** The texts of the elements of a document; fails if it is not well-formed XML (of elements, attributes and text). */
function parseXml(text: string): string[] {
  const open: { readonly name: string; text: string }[] = []
  const texts: string[] = []
  const plain = (escaped: string): string => {
    assert.doesNotMatch(
      escaped,
      /[<>]|&(?!(?:amp|lt|gt|quot);)|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u,
    )
    return escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
  }
  let at = 0
  for (const tag of text.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi)) {
    const [whole, closing, name = '', attributes = '', single] = tag
    const before = plain(text.slice(at, tag.index))
    const inner = open.at(-1)
    if (inner !== undefined) inner.text += before
    else assert.equal(before.trim(), '')
    at = tag.index + whole.length
    for (const [, value = ''] of attributes.matchAll(/="([^"]*)"/g)) plain(value)
    if (closing === '/') {
      const done = open.pop()
      assert.equal(done?.name, name)
      texts.push(done?.text ?? '')
    } else if (single !== '/') open.push({ name, text: '' })
  }
  assert.deepEqual([open, text.slice(at).trim()], [[], ''])
  return texts
}

function rectanglesOf(svg: string) {
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []
  const [body = ''] = /<g transform[^]*?\n<\/g>/.exec(svg) ?? []
  const boxes = Array.from(
    body.matchAll(/<rect class="\w+" x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)"/g),
  )
  assert.ok(boxes.length > 5)
  return {
    width: Number(width),
    height: Number(height),
    boxes: boxes.map(([, ...numbers]) => {
      const [x = 0, y = 0, w = 0, h = 0] = numbers.map(Number)
      return { x, y, width: w, height: h }
    }),
  }
}
