import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Answers, type HttpSource, type OpenSource, openSource, type Pages, range } from './source.ts'

/** Checks that a source reads all pages, also while they change and when one of them fails. */
export function pages(source: HttpSource): void {
  const { pages: paging, job } = source
  if (typeof paging === 'string') {
    it(`asks once: ${paging}`, async (t) => {
      const { service, see, count } = await openSource(t, source, range(1, 4))
      await see(job)
      assert.deepEqual([service.asked.length, count()], [1, 4])
    })
    return
  }
  const open = async (t: { after(work: () => unknown): void }, items: readonly number[]): Promise<OpenSource> => {
    const opened = await openSource(t, source, [], paging.stream)
    opened.answer(paging.serve(items))
    return opened
  }

  it('reads all pages, and tells each item once', async (t) => {
    const { see, count, answer } = await open(t, range(1, 5))
    await see(job)
    await see(job)
    assert.equal(count(), 5)
    answer(paging.serve(range(1, 8)))
    await see(job)
    assert.equal(count(), 8)
  })

  it('tells each item once when another comes on top between two pages', async (t) => {
    const { see, count, answer } = await open(t, range(1, 5))
    answer(changingAfterFirst(paging, range(1, 5), range(1, 6)))
    await see(job)
    await see(job)
    assert.equal(count(), 6)
  })

  it('tells the item that slips past, because one goes between two pages, at the next look', async (t) => {
    const { see, count, answer } = await open(t, range(1, 5))
    answer(changingAfterFirst(paging, range(1, 5), paging.newestLast === true ? range(2, 5) : range(1, 4)))
    await see(job)
    await see(job)
    assert.equal(count(), 5)
  })

  const breaks: Readonly<Record<string, (told: ReturnType<Answers>) => ReturnType<Answers>>> = {
    fails: () => ({ status: 400, body: 'out of order' }),
    'is cut short': (told) => ({ ...told, cut: 5 }),
  }
  for (const [how, broken] of Object.entries(breaks)) {
    it(`loses and repeats nothing when the second page that it reads ${how}`, { timeout: 60_000 }, async (t) => {
      const { see, look, count, answer } = await open(t, range(1, 5))
      await see(job)
      const now = paging.serve(range(1, 8))
      let read = 0
      answer((asked) => {
        if (paging.pageOf(asked) !== undefined) read += 1
        return read < 2 ? now(asked) : broken(now(asked))
      })
      const { error } = await look(job)
      assert.equal((error as { code?: string } | undefined)?.code, 'TIDINGS_HTTP_FAILED')
      answer(now)
      await see(job)
      await see(job)
      assert.equal(count(), 8)
    })
  }
}

/** Answers with `before` until the first page has been read once, and with `after` from then on. */
function changingAfterFirst({ serve, pageOf }: Pages, before: readonly number[], after: readonly number[]): Answers {
  let items = before
  return (asked) => {
    const told = serve(items)(asked)
    if (pageOf(asked) === 1) items = after
    return told
  }
}
