// I want a task for each mail from my landlord.
//
// New mail becomes a task at once, and stays unread. Secrets: `IMAP_PASSWORD`, mostly an app password, and
// `TODOIST_TOKEN`.
import { agent, listener, on, where } from 'tidings'
import { eq } from 'tidings/filters'
import { imap } from 'tidings/streams/imap'
import { todoist } from 'tidings/streams/todoist'

const letters = on(imap.message).pipe(where('data.from.address', eq('office@landlord.example', { ignoreCase: true })))

export default agent('mail-task', [
  imap({ host: 'imap.example.com', user: 'me@example.com' }),
  listener(
    'add',
    letters,
    todoist.addTask(({ data }) => ({ content: `Answer: ${data.subject}`, description: data.text, due: 'tomorrow' })),
  ),
])
