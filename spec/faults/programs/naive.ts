// The same disk without the engine: LevelDB alone, by somebody who goes on after a failed write.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import { note, orders } from './orders.ts'

const db = new ClassicLevel(orders.directory)
await db.open()
process.stdout.write('open\n')
const put = async (key: string): Promise<boolean> => {
  try {
    await db.put(key, randomBytes(1500).toString('base64'), { sync: true })
    return true
  } catch {
    note('refused', key)
    return false
  }
}
for (let n = 0; await put(`before ${n}`); n++);
while (!existsSync(`${orders.diary}-room-${orders.life}`)) await sleep(5)
for (let n = 0; n < 300; n++) if (await put(`later ${n}`)) note('told', n)
note('went on')
if (orders.last !== true) process.kill(process.pid, 'SIGKILL')
await db.close()
