// A process that copies a log, and is killed half-way: node --import tsx THIS_FILE FROM TO PART
import { copyLog } from '../../../lib/agent/operations/copy-log.ts'

const [from = '', to = '', part = ''] = process.argv.slice(2)
await copyLog(from, to, {
  progress(done, all) {
    if (done >= Number(part) * all) process.kill(process.pid, 'SIGKILL')
  },
})
