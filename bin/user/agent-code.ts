import { resolve } from 'node:path'
import type { Agent } from '../../lib/index.ts'
import { Failure } from '../cli/errors.ts'
import { findFile, isFile } from './find-file.ts'
import { loadFreshAgent } from './load-agent.ts'
import type { Surroundings } from './surroundings.ts'

/** How long a module may take to load, in ms: the agent that runs meanwhile waits for an answer. */
const PATIENCE = 30_000

/** The code of an agent: the file that it was started with, loaded as often as asked. */
export class AgentCode {
  readonly #file: string
  readonly #around: Pick<Surroundings, 'env' | 'refreshSecrets'>
  readonly #choose: (whole: Agent) => Agent
  #files: ReadonlySet<string>
  #began = 0

  /**
   * @param choose returns the part of an agent that is to run
   * @throws UsageError for a file that does not exist
   */
  constructor(
    file: string,
    around: Pick<Surroundings, 'env' | 'refreshSecrets'>,
    choose: (whole: Agent) => Agent = (whole) => whole,
  ) {
    this.#file = findFile(file)
    this.#around = around
    this.#choose = choose
    this.#files = new Set(around.env.files.map((each) => resolve(each)))
  }

  /** The files on which the outcome of the last load depends; also missing ones. */
  get files(): readonly string[] {
    return [...this.#files]
  }

  /** When the last load began, in ms since the epoch. */
  get began(): number {
    return this.#began
  }

  /**
   * Loads the agent, with the files and environment files as they are now.
   *
   * @throws Failure or UsageError saying where the code is wrong; the environment is then as before
   */
  async load(): Promise<Agent> {
    this.#began = Date.now()
    const file = this.#file
    const files = new Set([file, ...this.#around.env.files].map((each) => resolve(each)))
    let takeBack = (): void => undefined
    try {
      takeBack = this.#around.env.load()
      if (!isFile(file)) throw new Failure(`there is no file ${file}`)
      const whole = await inTime(
        file,
        loadFreshAgent(file, (each) => files.add(each)),
      )
      this.#around.refreshSecrets()
      this.#files = files
      return this.#choose(whole)
    } catch (error) {
      takeBack()
      // What the version before depended on may come back.
      this.#files = new Set([...this.#files, ...files])
      throw error
    }
  }
}

async function inTime<T>(file: string, load: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const words = `${file} has not loaded within ${PATIENCE / 1000} s: a top-level await may never settle`
    // A process that has nothing else to do ends at once, and says so.
    timer = setTimeout(() => reject(new Failure(words)), PATIENCE).unref()
  })
  try {
    return await Promise.race([load, late])
  } finally {
    clearTimeout(timer)
  }
}
