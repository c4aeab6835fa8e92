// Writes down every commit of the repository that it is run in: one row each, in a file for any spreadsheet.
import { agent, listener, on, where } from 'tidings'
import { not, startsWith } from 'tidings/filters'
import { type Commit, git } from 'tidings/streams/git'
import { spreadsheet } from 'tidings/streams/spreadsheet'

const path = '.tidings/commits.csv'

// What will be squashed away is not worth a row.
const lasting = on(git.commit).pipe(where('data.subject', not(startsWith('fixup! '))))

// The hash names a row: even a new log, which knows no commit yet, adds none twice.
const append = spreadsheet.appendRow({ path, key: 'hash' }, ({ data }: { data: Commit }) => ({
  hash: data.hash,
  committed: data.committed,
  author: data.author.name,
  subject: data.subject,
}))

let added = 0
export const rows = listener('rows', lasting, async (event, delivery) => {
  if (await append(event, delivery)) added += 1
})

process.once('exit', () => {
  if (added > 0) console.log(`New rows in ${path}: ${added}. Run it again: no commit gets a second one.`)
})

export default agent('commits', [git({ path: '.' }), rows])
