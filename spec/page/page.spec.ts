import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page as Tab } from 'playwright-core'
import { job, listener, manual, on } from '../../lib/index.ts'
import { until } from '../support/until.ts'
import { open, startBrowser, type View, violations } from './browse.ts'
import { proxy, type Stage, stage, stageDemo } from './stage.ts'

/** Every view, with and without a selection. */
const addresses = [
  '#now',
  '#events?seq=35',
  '#jobs?name=poll_feed&hours=1',
  '#listeners?name=sheet',
  '#graph',
  '#graph?as=table',
]

const rowsOf = (tab: Tab): Promise<string[]> => tab.locator('.scroller tbody th').allInnerTexts()

const first = async (tab: Tab): Promise<string | undefined> => (await rowsOf(tab))[0]

/** Waits until the list begins with this event. */
const begins = (tab: Tab, event: string): Promise<boolean> =>
  until(async () => (await first(tab))?.startsWith(event) ?? false, `${event} on top`)

const isFocused = async (tab: Tab, name: string): Promise<boolean> =>
  String(await tab.evaluate(`document.activeElement.getAttribute('aria-label')`)).startsWith(name)

describe('the page', () => {
  let browser: Browser
  before(async () => void (browser = await startBrowser()))
  after(() => browser.close())

  const opened = async (t: TestContext, here: Pick<Stage, 'page'>, hash: string, view?: View) => {
    const it = await open(t, browser, here.page.address, view)
    await it.page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
    return it
  }

  describe('of the demonstration', () => {
    let here: Awaited<ReturnType<typeof stageDemo>>
    before(async () => void (here = await stageDemo()))
    after(() => here.close())

    for (const width of [1100, 360])
      for (const dark of [false, true])
        it(`is accessible, and has no errors: ${width} px, ${dark ? 'dark' : 'light'}`, async (t) => {
          const { page: tab, errors } = await open(t, browser, here.page.address, { width, dark })
          for (const address of addresses) {
            await tab.evaluate(`location.hash = ${JSON.stringify(address)}`)
            await tab.locator('main h1').waitFor()
            await tab.waitForLoadState('networkidle').catch(() => undefined)
            await until(async () => (await tab.getByText('asking …').count()) === 0, 'all answers')
            assert.deepEqual(await violations(tab), [], address)
            const needed = Number(await tab.evaluate('document.documentElement.scrollWidth'))
            assert.ok(needed <= width, `${address} is ${needed} px wide`)
          }
          assert.deepEqual(errors, [])
        })

    it('shows what needs a person, first', async (t) => {
      const { page: tab } = await opened(t, here, '#now')
      const needs = tab.locator('.needs li')
      await needs.first().waitFor()
      const words = await needs.allInnerTexts()
      assert.match(words[0] ?? '', /job "poll_feed" failed in its last 6 runs: 503 Service Unavailable/)
      assert.ok(
        words.some((each) => each.includes('listener "mail" has parked 6 events')),
        words.join('\n'),
      )
    })

    it('tells the story of an event: what published it, what followed, who heard it', async (t) => {
      const { page: tab } = await opened(t, here, '#events?type=todo.made')
      await tab.locator('[data-row]').first().click()
      const story = tab.locator('.story')
      await story.getByText('a listener of').waitFor()
      assert.match(await story.innerText(), /git\.issue/)
      await story.getByRole('link', { name: /git\.issue/ }).click()
      await story.getByText('poll_git').waitFor()
      assert.match(await story.innerText(), /follows[\s\S]*todo\.made/)
      const heard = story.getByRole('listitem').filter({ hasText: 'archive' })
      assert.match(await heard.innerText(), /handled[\s\S]*attempt 1: ● handled at/)
    })

    it('shows times in the zone that is chosen, with its name', async (t) => {
      const { page: tab } = await opened(t, here, '#jobs?name=digest', { timezone: 'America/New_York' })
      const next = tab.locator('.story ul time').first()
      await next.waitFor()
      const shown = async (): Promise<string> => (await next.innerText()).replaceAll('\u00a0', ' ')
      const iso = await next.getAttribute('title')
      assert.match(iso ?? '', /^2026-11-28T09:00:00\.000Z$/)
      const zones = tab.getByLabel('times in')
      const seen: string[] = []
      for (const zone of ['local', 'UTC', 'agent']) {
        await zones.selectOption(zone)
        seen.push(await shown())
      }
      assert.match(seen[0] ?? '', /04:00:00 (GMT|UTC)[-−]5$|04:00:00 EST$/)
      assert.match(seen[1] ?? '', /09:00:00 UTC$/)
      assert.match(seen[2] ?? '', /10:00:00 CET$|10:00:00 (GMT|UTC)\+1$/)
      await tab.reload()
      await next.waitFor()
      assert.equal(await shown(), seen[2], 'the choice stays')
    })

    it('finds text in data, and keeps the question in its address', async (t) => {
      const { page: tab } = await opened(t, here, '#events')
      await tab.keyboard.press('/')
      await tab.getByLabel('text').fill('restore')
      await tab.keyboard.press('Enter')
      await tab.getByText(/found \d+, searched/).waitFor()
      assert.match(tab.url(), /#events\?text=restore$/)
      assert.ok((await rowsOf(tab)).every((row) => row.startsWith('git.commit')))
      await tab.reload()
      await tab.getByText(/found \d+, searched/).waitFor()
      assert.equal(await tab.getByLabel('text').inputValue(), 'restore')
    })

    it('asks how many a reset tells again, before it does', async (t) => {
      const { page: tab } = await opened(t, here, '#listeners?name=alarm')
      await tab.getByPlaceholder('start, now, a seq, 2h').fill('start')
      await tab.getByRole('button', { name: 'reset …' }).click()
      await tab.getByText(/It hears 6 events again/).waitFor()
      await tab.getByRole('button', { name: 'cancel' }).click()
    })
  })

  it('shows hostile events as text', async (t) => {
    const here = await stage(t, [])
    const hostile = [
      '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1">',
      'javascript:window.pwned=1',
      '\u202egnp.exe\u0000\u0007\u2066',
      '"><svg onload=window.pwned=1>',
    ]
    for (const [i, text] of hostile.entries())
      await here.running.publish(text.slice(0, 200), `${text} ${i}`, {
        text,
        __proto__x: JSON.parse(`{"__proto__": {"polluted": true}, "constructor": ${JSON.stringify(text)}}`),
        [text]: [text],
        link: 'https://example.org/?a=1&b=<b>',
      })
    await here.running.publish('large', '1', { text: 'x'.repeat(1_000_000), end: hostile[0] ?? '' })
    const { page: tab, errors } = await opened(t, here, '#events')
    await begins(tab, 'large')
    for (const seq of [1, 2, 3, 4, 5]) {
      await tab.evaluate(`location.hash = '#events?seq=${seq}'`)
      await tab.locator(`[aria-label="event ${seq}"] summary`).waitFor()
    }
    await tab.locator('summary').click()
    await tab.getByRole('button', { name: 'show all' }).click()
    await until(async () => (await tab.locator('pre').innerText()).length > 1_000_000, 'all of it')
    const found = (await tab.evaluate(`({
      pwned: window.pwned, polluted: {}.polluted, scripts: document.scripts.length,
      foreign: document.querySelectorAll('img, iframe, object, embed, svg[onload], [onerror]').length,
      links: [...document.links].map((each) => each.protocol), text: document.body.innerText,
    })`)) as { links: string[]; text: string; foreign: number; scripts: number; pwned?: unknown; polluted?: unknown }
    assert.deepEqual([found.pwned, found.polluted, found.foreign, found.scripts], [undefined, undefined, 0, 1])
    assert.ok(found.links.every((protocol) => /^https?:$/.test(protocol)))
    assert.doesNotMatch(found.text, /[\u0000\u0007\u202e\u2066]/)
    assert.match(found.text, /\\u202egnp\.exe\\u0000\\u0007\\u2066/)
    await tab.evaluate(`location.hash = '#events?seq=1'`)
    await tab.getByRole('link', { name: 'https://example.org/?a=1&b=' }).waitFor()
    assert.deepEqual(errors, [])
  })

  it('moves no row while it is paused, and then shows the newest', async (t) => {
    const here = await stage(t, [])
    const publish = (from: number, n: number) =>
      Promise.all(Array.from({ length: n }, (_, i) => here.running.publish('tick', String(from + i), { n: from + i })))
    await publish(0, 150)
    const { page: tab } = await opened(t, here, '#events')
    await begins(tab, 'tick 149')
    await publish(150, 1)
    await begins(tab, 'tick 150')
    await tab.getByRole('button', { name: 'live' }).click()
    const places = (): Promise<unknown> =>
      tab.evaluate(
        `[...document.querySelectorAll('tbody tr')].map((row) => row.innerText + row.getBoundingClientRect().top)`,
      )
    const before = await places()
    for (let i = 0; i < 10; i++) await publish(151 + i * 1000, 1000)
    await tab.getByRole('button', { name: '10 000 new ↑' }).waitFor()
    assert.deepEqual(await places(), before)
    await tab.getByRole('button', { name: 'paused' }).click()
    await begins(tab, 'tick 10150')
    const rows = await rowsOf(tab)
    assert.match(rows[100] ?? '', /up to 9 900 events between/)
    assert.equal(rows[101], 'tick 150')
    await tab.getByRole('button', { name: 'show the newest of them' }).click()
    await until(async () => (await rowsOf(tab))[100] === 'tick 10050', 'the gap is filled')
  })

  it('keeps scroll and selection while events arrive', async (t) => {
    const here = await stage(t, [])
    for (let i = 0; i < 120; i++) await here.running.publish('tick', String(i), {})
    const { page: tab } = await opened(t, here, '#events')
    await begins(tab, 'tick 119')
    await tab.evaluate(`document.querySelector('.scroller').scrollTo(0, 900)`)
    const place = (): Promise<unknown> => tab.evaluate(`document.querySelector('.scroller').scrollTop`)
    await until(async () => (await place()) === 900)
    for (let i = 120; i < 130; i++) await here.running.publish('tick', String(i), {})
    await tab.getByRole('button', { name: '10 new ↑' }).waitFor()
    assert.deepEqual([await first(tab), await place()], ['tick 119', 900])
    await tab.getByRole('button', { name: '10 new ↑' }).click()
    await begins(tab, 'tick 129')
    assert.equal(await place(), 0)
    await tab.keyboard.press('Escape')
    await tab.getByRole('link', { name: 'tick 125' }).click()
    await tab.locator('.story h2').waitFor()
    await here.running.publish('tick', '130', {})
    await tab.getByRole('button', { name: '1 new ↑' }).waitFor()
    assert.equal(await tab.locator('tr.selected').innerText(), await tab.locator('tbody tr').nth(4).innerText())
  })

  it('reconnects after a restart, and shows every later event once', async (t) => {
    const here = await stage(t, [])
    await here.running.publish('tick', '0', {})
    const { page: tab } = await opened(t, here, '#events')
    await begins(tab, 'tick 0')
    await here.restart(async () => {
      await tab.getByText('no connection').waitFor()
      for (let i = 1; i <= 5; i++) await here.running.publish('tick', String(i), {})
    })
    const started = performance.now()
    await begins(tab, 'tick 5')
    assert.ok(performance.now() - started < 5000, `reconnected after ${performance.now() - started} ms`)
    await here.running.publish('tick', '6', {})
    await begins(tab, 'tick 6')
    assert.deepEqual(
      await rowsOf(tab),
      [6, 5, 4, 3, 2, 1, 0].map((n) => `tick ${n}`),
    )
    assert.equal(await tab.getByText('no connection').count(), 0)
  })

  it('has every event once, although the list is opened while they arrive', async (t) => {
    const here = await stage(t, [])
    const { page: tab } = await opened(t, here, '#events')
    await tab.getByText('all 0').waitFor()
    const arriving = (async () => {
      for (let i = 0; i < 300; i++) {
        await here.running.publish('tick', String(i), {})
        await sleep(10)
      }
    })()
    for (let i = 0; i < 20; i++) {
      await tab.evaluate(`location.hash = '#events?type=${i % 2 === 0 ? 'tick' : '*'}'`)
      await sleep(150)
    }
    await arriving
    await begins(tab, 'tick 299')
    const rows = await rowsOf(tab)
    assert.deepEqual(
      rows,
      rows.map((_, i) => `tick ${299 - i}`),
    )
    assert.ok(rows.length >= 100, `only ${rows.length} rows`)
  })

  it('retries one group of parked events, by keyboard alone', async (t) => {
    let isBroken = true
    const heard: string[] = []
    const mail = listener(
      'mail',
      on('letter'),
      (event) => {
        if (isBroken) throw Number(event.identifier) % 3 === 0 ? new RangeError('no room') : new TypeError('no address')
        heard.push(event.identifier)
      },
      { attempts: 1 },
    )
    const here = await stage(t, [mail])
    for (let i = 0; i < 30; i++) await here.running.publish('letter', String(i), {})
    await until(async () => (await here.running.status()).listeners[0]?.parked === 30)
    isBroken = false
    const { page: tab } = await opened(t, here, '#now')
    await tab.locator('.needs li').first().waitFor()
    await tab.keyboard.press('g')
    await tab.keyboard.press('l')
    await tab.getByRole('heading', { name: 'listeners', level: 1 }).waitFor()
    await tab.locator('[data-row]').first().waitFor()
    await tab.keyboard.press('j')
    await tab.keyboard.press('Enter')
    const button = tab.getByRole('button', { name: /^retry all that match: RangeError/ })
    await button.waitFor()
    for (let i = 0; i < 40 && !(await isFocused(tab, 'retry all that match: RangeError')); i++)
      await tab.keyboard.press('Tab')
    await tab.keyboard.press('Enter')
    await tab.getByText('retry 10 events of mail?').waitFor()
    await tab.keyboard.press('Enter')
    await tab.locator('.said', { hasText: 'retried 10 events of mail' }).waitFor()
    await until(() => heard.length === 10)
    assert.deepEqual(
      heard.map(Number).sort((a, b) => a - b),
      [0, 3, 6, 9, 12, 15, 18, 21, 24, 27],
    )
    await tab.getByText('parked: 20 events').waitFor()
  })

  it('runs and pauses a job', async (t) => {
    const here = await stage(t, [job('make', manual(), ({ publish }) => publish('made', '1', 1))])
    const { page: tab } = await opened(t, here, '#jobs?name=make')
    await tab.getByRole('button', { name: 'run now', exact: true }).click()
    await tab.locator('.said', { hasText: 'make: done, 1 new' }).waitFor()
    await tab.locator('.story tbody').getByText('done').waitFor()
    await tab.getByRole('button', { name: 'dry run' }).click()
    await tab.getByText('duplicate made 1').waitFor()
    await tab.getByRole('button', { name: 'pause' }).click()
    await tab.getByRole('button', { name: 'resume' }).waitFor()
  })

  it('has no button that acts for those who may only look', async (t) => {
    const here = await stage(t, [job('make', manual(), () => undefined)])
    await here.running.trigger('make')
    const { page: tab } = await open(t, browser, here.page.readOnlyAddress)
    await tab.evaluate(`location.hash = '#jobs?name=make'`)
    await tab.locator('.story tbody').getByText('done').waitFor()
    assert.deepEqual(await tab.locator('.story button').allInnerTexts(), [])
  })

  it('works below any path, with the connection for what is live', async (t) => {
    const target = { port: 0 }
    const front = await proxy(t, '/ops/tidings/', () => target.port)
    const here = await stage(t, [], { allowedHosts: [`127.0.0.1:${front.port}`] })
    target.port = here.page.port
    const { search } = new URL(here.page.address)
    const { page: tab, errors } = await open(t, browser, `http://127.0.0.1:${front.port}/ops/tidings/${search}`)
    assert.equal(new URL(tab.url()).pathname + new URL(tab.url()).search, '/ops/tidings/')
    await tab.evaluate(`location.hash = '#events'`)
    await tab.getByText('all 0').waitFor()
    await here.running.publish('tick', '1', {})
    await begins(tab, 'tick 1')
    for (const view of ['now', 'jobs', 'listeners', 'graph']) {
      await tab.getByRole('link', { name: view, exact: true }).click()
      await tab.getByRole('heading', { name: view, level: 1 }).waitFor()
    }
    assert.deepEqual(errors, [])
  })
})
