// I want a message when it is going to rain within the hour.
//
// Only when rain is likely, from 60 %, and then not again for three hours. The weather is that of Open-Meteo, which
// needs no key.
import { agent, listener, on, where } from 'tidings'
import { firstPer } from 'tidings/filters'
import { notify } from 'tidings/streams/notify'
import { rain, weather } from 'tidings/streams/weather'

export default agent('rain', [
  weather({
    latitude: 52.09,
    longitude: 5.12,
    current: false,
    hourly: 1,
    changes: ['condition', 'probability'],
    steps: { probability: 1 },
    every: '10m',
  }),
  listener(
    'tell',
    on(weather.hourly).pipe(where(rain(60)), firstPer('data.place', { every: '3h' })),
    notify.ntfy(({ data }) => `Rain at ${data.local.slice(11, 16)}, ${data.probability} % likely`, {
      topic: 'rain-x7f3',
    }),
  ),
])
