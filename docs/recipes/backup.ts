// I want a message when my newest backup is too old.
//
// It looks at the files of a folder, whatever makes them; an empty folder counts, too. The newest file names the
// happening: one message for each backup that nothing followed in time.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { agent, eventType, every, job, listener, on } from 'tidings'
import { notify } from 'tidings/streams/notify'

const folder = 'backups'
const late = eventType('backup.late').of<{ newest: string }>()

const look = job(
  'backup',
  every(1).hour,
  async ({ now, publish }) => {
    const names = await readdir(folder)
    const files = await Promise.all(names.map(async (name) => ({ name, made: (await stat(join(folder, name))).mtime })))
    const last = files.toSorted((a, b) => b.made.getTime() - a.made.getTime())[0]
    if (last !== undefined && now() - last.made.getTime() < 26 * 3_600_000) return
    const newest = last === undefined ? 'no file at all' : `${last.name} of ${last.made.toUTCString()}`
    await publish(late, newest, { newest })
  },
  { publishes: [late] },
)

export default agent('backup', [
  look,
  listener(
    'tell',
    on(late),
    notify.ntfy(({ data }) => `The newest backup is too old: ${data.newest}`, { topic: 'backups-x7f3' }),
  ),
])
