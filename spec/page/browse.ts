import type { TestContext } from 'node:test'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { browser } from '../support/browser.ts'

/** How long a step may take on a busy machine, in ms. */
const PATIENCE = 60_000

/** Starts the browser. One is enough for all tests of a file. */
export function startBrowser(): Promise<Browser> {
  // The sandbox of the browser does not work as root, and the specs open only their own pages.
  return chromium.launch({ executablePath: browser(), args: ['--no-sandbox'], timeout: PATIENCE })
}

/** How a page is opened. */
export interface View {
  readonly width?: number
  readonly dark?: boolean
  readonly timezone?: string
}

/** An opened page, with what it has written to its console as an error, or thrown. */
export interface Opened {
  readonly page: Page
  readonly errors: string[]
}

/** Opens the page in a window of its own, which closes with the test. */
export async function open(
  t: TestContext,
  started: Browser,
  url: string,
  { width = 1100, dark = false, timezone = 'Europe/Berlin' }: View = {},
): Promise<Opened> {
  const context = await started.newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: timezone,
    locale: 'en-GB',
  })
  t.after(() => context.close())
  context.setDefaultTimeout(PATIENCE)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(url)
  return { page, errors }
}

/** What is wrong with the page for people who can't see it, or use no mouse: each rule with the places. */
export async function violations(page: Page): Promise<string[]> {
  // By the protocol: the page's policy forbids a script that it does not bring.
  const session = await page.context().newCDPSession(page)
  const run = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'axe failed')
    return result.value
  }
  await run(`${axe.source}; undefined`)
  const words = 'v.id + ": " + v.nodes.map((n) => n.html.slice(0, 200) + " " + n.failureSummary).join(" | ")'
  const found = await run(`axe.run(document).then((r) => r.violations.map((v) => ${words}))`)
  await session.detach()
  return found as string[]
}
