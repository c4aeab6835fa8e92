// I want a notification ten minutes before each meeting.
//
// Meetings that recur, move or are cancelled are followed. Secret: `CALENDAR_URL`, the private address of a calendar,
// which Google, Outlook and iCloud show in its settings. Without a desktop, use another handler of `notify`.
import { agent, listener, on } from 'tidings'
import { calendar } from 'tidings/streams/calendar'
import { notify } from 'tidings/streams/notify'

export default agent('meeting', [
  calendar({ secretUrl: 'CALENDAR_URL', soon: '10m', every: '2m' }),
  listener(
    'tell',
    on(calendar.soon),
    notify.desktop(({ data, created }) => {
      const minutes = Math.round((Date.parse(data.start) - created) / 60_000)
      return { title: `${data.title} in ${minutes} minutes`, body: data.place ?? '' }
    }),
  ),
])
