// I want a message when my train is five minutes late or more.
//
// One message for each train and day, also if it gets later still; a cancelled train counts. Secret: `TELEGRAM_TOKEN`,
// the token of a bot. The trains are those of Boston.
import { agent, listener, on, where } from 'tidings'
import { any, at, eq, firstPer, gte } from 'tidings/filters'
import { notify } from 'tidings/streams/notify'
import { transit } from 'tidings/streams/transit'

const late = on(transit.prediction).pipe(
  where('data', any(at('delay', gte(5)), at('state', eq('cancelled')))),
  firstPer('identifier', { every: '1d' }),
)

export default agent('train', [
  transit({ stop: 'place-sstat', route: 'CR-Worcester', direction: 0 }),
  listener(
    'tell',
    late,
    notify.telegram(
      ({ data }) => `${data.headsign}: ${data.state === 'cancelled' ? 'cancelled' : `${data.delay} minutes late`}`,
      { chat: 123_456 },
    ),
  ),
])
