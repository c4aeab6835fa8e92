// Writes down every commit of the repository that it is run in: one row each, in a file for any spreadsheet.
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { stringify } from 'csv-stringify/sync'
import { agent, listener, on, where } from 'tidings'
import { not, startsWith } from 'tidings/filters'
import { git } from 'tidings/streams/git'

const file = '.tidings/commits.csv'
const columns = ['hash', 'committed', 'author', 'subject']

// What will be squashed away is not worth a row.
const lasting = on(git.commit).pipe(where('data.subject', not(startsWith('fixup! '))))

let added = 0
export const rows = listener('rows', lasting, async ({ data }) => {
  await mkdir('.tidings', { recursive: true })
  const before = await readFile(file, 'utf8').catch(() => '')
  // After a crash, an event may be delivered again; its row may be there already.
  if (before.includes(`\n${data.hash},`)) return
  const row = [data.hash, data.committed, data.author.name, data.subject]
  // Others chose these words: none may become a formula.
  await appendFile(file, stringify([row], { columns, header: before === '', escape_formulas: true }))
  added += 1
})

process.once('exit', () => {
  if (added > 0) console.log(`New rows in ${file}: ${added}. Run it again: no commit gets a second one.`)
})

export default agent('commits', [git({ path: '.' }), rows])
