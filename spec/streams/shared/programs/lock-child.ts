import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from '../../../../streams/shared/file-lock.ts'

// Adds one to the number in a file, as often as it says, and prints a line for each time.
const [folder = '', times = '0'] = process.argv.slice(2)
const counter = join(folder, 'counter')
for (let n = 0; n < Number(times); n++) {
  await withFileLock(join(folder, 'lock'), new AbortController().signal, async () => {
    const before = Number(await readFile(counter, 'utf8'))
    // At once: the process may be killed meanwhile.
    await writeFile(`${counter}.new`, String(before + 1))
    await rename(`${counter}.new`, counter)
  })
  process.stdout.write('.\n')
}
