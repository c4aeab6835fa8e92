// The same disk without the engine: LevelDB alone, in a program that continues after a failed write.
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
const until = async (what: string): Promise<void> => {
  while (!existsSync(`${orders.diary}-${what}-${orders.life}`)) await sleep(5)
}
await until('full')
for (let n = 0; await put(`before ${n}`); n++);
await until('room')
for (let n = 0; n < 300; n++) if (await put(`later ${n}`)) note('told', n)
note('went on')
if (orders.last !== true) process.kill(process.pid, 'SIGKILL')
await db.close()
