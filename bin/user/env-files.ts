import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { UsageError } from '../cli/errors.ts'

/**
 * Environment files: what they set, unless the environment of the process has it already. If several set a variable, the
 * first one counts.
 */
export class EnvFiles {
  readonly files: readonly string[]
  #set: readonly string[] = []

  constructor(files: readonly string[]) {
    this.files = files
  }

  /**
   * Reads the files, also again: variables that they no longer have are unset. Returns what takes it back.
   *
   * @throws UsageError for a file that can't be read; nothing has changed then
   */
  load(): () => void {
    const found = this.files.map(read)
    const before = this.#set
    const values = new Map(before.map((name) => [name, process.env[name]]))
    for (const name of before) delete process.env[name]
    this.#set = []
    for (const [name, value] of found.flatMap((each) => Object.entries(each))) this.#add(name, value)
    return () => {
      for (const name of this.#set) delete process.env[name]
      for (const [name, value] of values) process.env[name] = value
      this.#set = before
    }
  }

  #add(name: string, value = ''): void {
    if (Object.hasOwn(process.env, name)) return
    process.env[name] = value
    this.#set = [...this.#set, name]
  }
}

function read(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`the environment file ${file} can't be read: ${(error as Error).message}`)
  }
}
