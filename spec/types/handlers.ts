// Compiled, never run: handlers of streams learn the type of their event from the listener.
import { map } from 'rxjs'
import { agent, listener, on } from '../../lib/index.ts'
import { dashboard } from '../../streams/dashboard.ts'
import { file } from '../../streams/file.ts'
import { git } from '../../streams/git.ts'
import { github } from '../../streams/github.ts'
import { notify } from '../../streams/notify.ts'
import { spreadsheet } from '../../streams/spreadsheet.ts'
import { todoist } from '../../streams/todoist.ts'

const hash = (text: string): string => text
const titles = on(git.commit).pipe(map((event) => event.data.subject))

export default agent('handlers', [
  listener(
    'file',
    on(git.commit),
    file.append('a.log', (event) => hash(event.data.hash)),
  ),
  listener(
    'mapped',
    titles,
    file.append('a.log', (title) => hash(title)),
  ),
  listener(
    'both',
    on(git.commit, git.tag),
    file.append('a.log', (event) => hash(event.data.hash)),
  ),
  listener(
    'row',
    on(git.commit),
    spreadsheet.appendRow('a.csv', ({ data }, { key }) => ({ key, hash: data.hash, parents: data.parents.length })),
  ),
  listener(
    'options',
    on(git.commit),
    spreadsheet.appendRow({ path: 'a.csv' }, ({ data }) => ({ hash: data.hash })),
  ),
  listener(
    'tasks',
    on(github.issueAssigned),
    todoist.addTask((event) => ({ content: event.data.title })),
  ),
  listener(
    'task',
    on(git.commit),
    todoist.addTask((event) => ({ content: event.data.subject })),
  ),
  listener(
    'done',
    on(todoist.added),
    todoist.completeTask((event) => event.data.id),
    { concurrency: 2 },
  ),
  listener(
    'part',
    on(git.commit),
    dashboard.writeJson('a.json', ({ data }) => ({ hash: hash(data.hash) })),
  ),
  listener(
    'key',
    titles,
    dashboard.writeJson('a.json', (title) => hash(title), { key: 'title' }),
  ),
  listener(
    'assigned',
    on(github.issueAssigned),
    todoist.addTask((event) => ({ content: event.data.title, description: event.data.url })),
  ),
  listener(
    'comment',
    on(github.issue, github.pullRequest),
    github.comment(({ data }) => ({
      repository: data.repository,
      number: data.number,
      body: `Thanks, ${data.author}!`,
    })),
  ),
  listener(
    'uncommented',
    on(github.star),
    // @ts-expect-error a star has no number
    github.comment(({ data }) => ({ repository: data.repository, number: data.number, body: 'Thanks!' })),
  ),
  listener(
    'team',
    on(git.commit),
    notify.slack(({ data }) => hash(data.subject)),
  ),
  listener(
    'phone',
    titles,
    notify.ntfy((title) => ({ message: hash(title), priority: 4 }), { topic: 'home' }),
  ),
  listener(
    'mail',
    on(git.commit),
    notify.email(async ({ data }) => ({ subject: hash(data.subject), text: data.body }), { from: 'a@b.example' }),
  ),
  listener(
    'wrong',
    on(git.commit),
    // @ts-expect-error a commit has no title
    file.append('a.log', ({ data }) => hash(data.title)),
  ),
  listener(
    'nested',
    on(git.commit),
    // @ts-expect-error a cell is not an object
    spreadsheet.appendRow('a.csv', ({ data }) => ({ author: data.author })),
  ),
])
