import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Box, type Link, layOut } from '../../../lib/agent/inspect/graph-layout.ts'

const box = (id: string, first = 0): Box => ({ id, width: 60, height: 20, first })

const drawings = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 20 }))
  .chain(([count, pairs]) =>
    fc.record({
      boxes: fc.tuple(
        ...Array.from({ length: count }, (_, i) =>
          fc.record({
            id: fc.constant(`b${i}`),
            width: fc.integer({ min: 20, max: 200 }),
            height: fc.integer({ min: 20, max: 50 }),
            first: fc.nat(2),
          }),
        ),
      ),
      links: fc.constant(pairs.map(([from, to]): Link => ({ from: `b${from % count}`, to: `b${to % count}` }))),
    }),
  )

describe('layOut', () => {
  it('puts layers into columns, and takes a long arrow past the boxes between', () => {
    const boxes = [box('job'), box('a', 1), box('b', 1), box('hear', 2)]
    const links = [
      { from: 'job', to: 'a' },
      { from: 'a', to: 'hear' },
      { from: 'hear', to: 'b' },
      { from: 'job', to: 'b' },
      { from: 'b', to: 'hear' },
    ]
    const { width, height, boxes: places, links: ways } = layOut(boxes, links)
    assert.deepEqual([width, height], [570, 38])
    assert.deepEqual(Object.fromEntries(places), {
      job: { x: 0, y: 9 },
      a: { x: 170, y: 0 },
      hear: { x: 340, y: 0 },
      b: { x: 510, y: 9 },
    })
    assert.deepEqual(
      ways.map((points) => points?.map(({ x, y }) => `${x},${y}`).join(' ')),
      [
        '60,19 60,19 170,10 170,10',
        '230,10 230,10 340,10 340,10',
        '400,10 400,10 510,19 510,19',
        '60,19 60,19 170,38 230,38 340,38 400,38 510,19 510,19',
        undefined,
      ],
    )
  })

  it('keeps boxes apart, arrows to the right, and the picture the same, whatever the graph', () => {
    fc.assert(
      fc.property(drawings, ({ boxes, links }) => {
        const { width, height, boxes: places, links: ways } = layOut(boxes, links)
        assert.deepEqual(layOut(structuredClone(boxes), structuredClone(links)).boxes, places)
        const drawn = boxes.map((each) => ({ ...each, ...(places.get(each.id) ?? assert.fail()) }))
        for (const [i, a] of drawn.entries()) {
          assert.ok(a.x >= 0 && a.y >= -1e-9 && a.x + a.width <= width + 1e-9 && a.y + a.height <= height + 1e-9)
          for (const b of drawn.slice(i + 1)) {
            const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
            assert.ok(apart, `${a.id} lies on ${b.id}`)
          }
        }
        for (const points of ways) {
          const xs = points?.map(({ x }) => x) ?? []
          assert.deepEqual(
            xs,
            xs.toSorted((a, b) => a - b),
          )
        }
      }),
    )
  })
})
