// I want to be reminded of birthdays in the morning.
//
// If the machine is off at eight, the message comes when it is on again, also after some days.
import { agent, eventType, every, job, listener, on } from 'tidings'
import { notify } from 'tidings/streams/notify'

const birthdays = { Ada: '12-10', Grace: '12-09', Margaret: '08-17' }
const zone = 'Europe/Amsterdam'

const birthday = eventType('birthday').of<{ name: string }>()

const look = job(
  'birthday',
  every().day.at('8:00', zone),
  async ({ slot, publish }) => {
    const today = slot.toLocaleDateString('sv', { timeZone: zone })
    for (const [name, day] of Object.entries(birthdays)) {
      if (today.endsWith(day)) await publish(birthday, `${name} ${today}`, { name })
    }
  },
  { publishes: [birthday], missed: 'all' },
)

export default agent('birthday', [
  look,
  listener(
    'tell',
    on(birthday),
    notify.ntfy(({ data }) => `It is the birthday of ${data.name}`, { topic: 'days-x7f3' }),
  ),
])
