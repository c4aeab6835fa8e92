// I want a message when a disk is almost full.
//
// The log keeps each percent that a disk gains or loses; of those from 90, the first of a day is a message.
import { agent, eventType, every, job, listener, on, where } from 'tidings'
import { firstPer, gte } from 'tidings/filters'
import { notify } from 'tidings/streams/notify'

const mounts = ['/', '/home']
const disk = eventType('disk').of<{ mount: string; percent: number }>({ changed: ({ percent }) => percent })

const look = job(
  'disk',
  every(10).minutes,
  async ({ exec, publish }) => {
    const { stdout } = await exec('df', ['-P', ...mounts])
    for (const line of stdout.trim().split('\n').slice(1)) {
      const [, , , , used = '', mount = ''] = line.split(/\s+/)
      await publish(disk, mount, { mount, percent: Number.parseInt(used, 10) })
    }
  },
  { publishes: [disk] },
)

export default agent('disk', [
  look,
  listener(
    'tell',
    on(disk).pipe(where('data.percent', gte(90)), firstPer('data.mount', { every: '1d' })),
    notify.ntfy(({ data }) => `${data.mount} is ${data.percent} % full`, { topic: 'disks-x7f3' }),
  ),
])
