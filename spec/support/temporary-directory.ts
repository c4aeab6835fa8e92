import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** The prefix of every temporary directory of this process, so that a forgotten one can be found. */
export const prefix = `tidings-spec-${process.pid}-`

/**
 * An empty directory for one test. It is removed after everything else that the test cleans up: a log may still be
 * closed in a `t.after` that comes later.
 */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), prefix))
  afterAll(t, () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Hooks run in the order in which they were added, so one that is added by a hook comes after all others. */
export function afterAll(t: TestContext, run: () => void | Promise<void>): void {
  t.after(() => t.after(run))
}
