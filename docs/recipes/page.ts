// I want a mail when a web page changes, with what it said before.
//
// Only the text of what `select` matches counts; scripts of the page are not run. Secret: `SMTP_URL`, as for
// [feeds](#feeds).
import { agent, listener, on } from 'tidings'
import { notify } from 'tidings/streams/notify'
import { web } from 'tidings/streams/web'

export default agent('page', [
  web({ url: 'https://school.example/timetable', select: 'main', every: '1h' }),
  listener(
    'mail',
    on(web.changed),
    notify.email(
      ({ data }) => ({
        subject: 'The timetable has changed',
        text: `Now:\n${data.value}\n\nBefore:\n${data.before}\n\n${data.url}`,
      }),
      { from: 'Pages <me@example.com>', to: ['me@example.com', 'you@example.com'] },
    ),
  ),
])
