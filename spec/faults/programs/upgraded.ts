// Upgrades a log of an invented older format, which has no index of types. Kills itself at its nth write.

import { keys, seqOf } from '../../../lib/level/format/keys.ts'
import { decode, decodeFacts, FORMAT, type Meta } from '../../../lib/level/format/records.ts'
import { recordsIn } from '../../../lib/level/format/segments.ts'
import { levelDatabase } from '../../../lib/level/store/database.ts'
import { upgrade } from '../../../lib/level/store/upgrade.ts'

const [directory = '', nth = ''] = process.argv.slice(2)
let left = Number(nth)
const db = await levelDatabase(directory).open({ createIfMissing: false })
const meta = decode<Meta>(keys.meta, (await db.get(keys.meta)) as string)
await upgrade(db, meta, {
  [FORMAT - 1]: async () => {
    for await (const [key, text] of db.iterator({ gte: keys.event(0), lte: keys.event(2 ** 48 - 1) })) {
      for (const record of recordsIn(key, text)) {
        const index = keys.type(decodeFacts(...record).type, seqOf(key))
        if ((await db.get(index)) !== undefined) continue
        const writing = db.put(index, '')
        if (--left === 0) process.kill(process.pid, 'SIGKILL')
        await writing
      }
    }
    if (left === 1) process.kill(process.pid, 'SIGKILL')
  },
})
await db.close()
