// I want everything new in my feeds as one mail at six.
//
// What a day brings is collected in the log, and survives a restart. A day without news sends nothing. Secret:
// `SMTP_URL`, your mail server: `smtps://user:password@mail.example.com`.
import { agent, every, listener, on } from 'tidings'
import { digest } from 'tidings/filters'
import { feed } from 'tidings/streams/feed'
import { notify } from 'tidings/streams/notify'

export default agent('feeds', [
  feed({ url: ['https://nodejs.org/en/feed/blog.xml', 'https://github.blog/feed/'], every: '1h' }),
  listener(
    'mail',
    on(feed.item).pipe(digest({ at: every().day.at('18:00') })),
    notify.email(
      (items) => ({
        subject: `${items.length} new in your feeds`,
        text: items.map(({ data }) => `${data.title}\n${data.link ?? data.feed.url}`).join('\n\n'),
      }),
      { from: 'Feeds <me@example.com>', to: 'me@example.com' },
    ),
  ),
])
