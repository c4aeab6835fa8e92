// A home: GitHub makes tasks, what was read is archived, the weather and the trains are on a dashboard, a feed fills a
// sheet. The addresses are the services' own, unless the environment has others (for a proxy, or a test).
import { agent, listener, on, where } from 'tidings'
import { contains } from 'tidings/filters'
import { dashboard } from 'tidings/streams/dashboard'
import { feed } from 'tidings/streams/feed'
import { github } from 'tidings/streams/github'
import { spreadsheet } from 'tidings/streams/spreadsheet'
import { todoist } from 'tidings/streams/todoist'
import { transit } from 'tidings/streams/transit'
import { wear, weather } from 'tidings/streams/weather'

const { GITHUB = 'https://api.github.com', TODOIST = 'https://api.todoist.com' } = process.env
const { WEATHER = 'https://api.open-meteo.com', MBTA = 'https://api-v3.mbta.com' } = process.env
const { FEED = 'https://devblogs.microsoft.com/typescript/feed/', EVERY: every = '5m' } = process.env

const assigned = on(github.issueAssigned, github.reviewRequested)
const releases = on(feed.item).pipe(where('data.title', contains('Announcing')))

export default agent('home', [
  github({ baseUrl: GITHUB, every }),
  todoist({ baseUrl: TODOIST, every, project: 'Reading list' }),
  weather({ baseUrl: WEATHER, every, latitude: 42.35, longitude: -71.06, hourly: 0 }),
  transit({ baseUrl: MBTA, every, stop: 'place-sstat', route: 'Red' }),
  feed({ url: FEED, every }),

  listener(
    'tasks',
    assigned,
    todoist.addTask(({ data }) => ({ content: `[${data.title}](${data.url})` }), { baseUrl: TODOIST }),
  ),
  listener(
    'archive',
    on(todoist.completed),
    spreadsheet.appendRow('archive.csv', ({ data }) => ({ read: data.completed, title: data.content })),
  ),
  listener(
    'sky',
    on(weather.current),
    dashboard.writeJson('dashboard.json', ({ data }) => ({ ...data, wear: wear(data) }), { key: 'weather' }),
  ),
  listener(
    'trains',
    on(transit.prediction),
    dashboard.writeJson('dashboard.json', ({ data }) => ({ [`to ${data.headsign}`]: data.departure })),
  ),
  listener(
    'releases',
    releases,
    spreadsheet.appendRow('releases.csv', ({ data }) => ({
      published: data.published,
      title: data.title,
      link: data.link,
    })),
  ),
])
