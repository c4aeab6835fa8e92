import { cp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Copies the folder of a log in use, as a power cut would leave it. While LevelDB changes more than the end of its own
 * log, files come and go during the copy, which then mixes several moments and is repeated.
 */
export async function copyLiving(directory: string, copy: string): Promise<void> {
  for (;;) {
    const before = await shape(directory)
    const copied = await cp(directory, copy, { recursive: true }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        return false
      },
    )
    if (copied && before !== '' && before === (await shape(directory))) return
    await rm(copy, { recursive: true, force: true })
  }
}

// The files and, for those that are not only appended to, their identity; empty when one vanished meanwhile.
async function shape(directory: string): Promise<string> {
  const names = (await readdir(directory)).toSorted()
  const stats = names.map(async (name) => {
    if (/\.log$|^LOG/.test(name)) return name
    const { ino, size, mtimeMs } = await stat(join(directory, name))
    return `${name} ${ino} ${size} ${mtimeMs}`
  })
  return (await Promise.all(stats).catch(() => [])).join('\n')
}
