import { cliPage } from './cli-page.ts'
import { optionsPage } from './options-page.ts'

/** The generated pages of commands and options, by their paths. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/cli.md', await cliPage()],
    ['docs/options.md', optionsPage()],
  ])
}
