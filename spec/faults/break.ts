import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Break, breaks, type Spec } from './breaks.ts'
import { root } from './root.ts'

/** A spec may take so long, in ms, whatever is broken. */
const LONGEST = 120_000

/** A copy of the project that can be broken. */
export class Copy {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tidings-broken-'))
  readonly #passes = new Map<string, Promise<boolean>>()

  constructor() {
    for (const name of ['lib', 'bin', 'spec', 'package.json', 'tsconfig.json']) {
      cpSync(join(root, name), join(this.#directory, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'))
  }

  /** Whether the spec passes here, in time, over the engine as it is. Tried once for each. */
  passes(spec: Spec): Promise<boolean> {
    const name = spec.join('\0')
    const known = this.#passes.get(name) ?? this.#run(spec).then(({ code, hung }) => code === 0 && !hung)
    this.#passes.set(name, known)
    return known
  }

  /**
   * Breaks the engine, runs the spec that is to notice, and puts the engine right again. One that hangs has noticed, if
   * it does not over a sound engine. Fails when the break does not apply any more, and when nothing but a test could have
   * failed (a module that can't be loaded is no finding).
   */
  async notices({ file, from, to, spec }: Break): Promise<boolean> {
    assert.ok(await this.passes(spec), `${spec.join(', ')} fails over a sound engine`)
    const path = join(this.#directory, file)
    const whole = readFileSync(path, 'utf8')
    assert.equal(whole.split(from).length, 2, `${file} does not have exactly once: ${from}`)
    writeFileSync(
      path,
      whole.replace(from, () => to),
    )
    try {
      const { code, output, hung } = await this.#run(spec)
      const wrong = /SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND/
      assert.doesNotMatch(output, wrong, `${file} is broken in the wrong way`)
      return hung || (code !== 0 && /^# fail [1-9]/m.test(output))
    } finally {
      writeFileSync(path, whole)
    }
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true })
  }

  async #run([file, name]: Spec): Promise<{ code: number | null; output: string; hung: boolean }> {
    const named = name === undefined ? [] : [`--test-name-pattern=${name}`]
    const args = ['--import', 'tsx', '--test-reporter=tap', ...named, join('spec', file)]
    const { NODE_TEST_CONTEXT: _, TIDINGS_RESULTS: __, ...env } = process.env
    // A group of its own: what it started ends with it.
    const child = spawn(process.execPath, args, { cwd: this.#directory, env, detached: true })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    let hung = false
    const timer = setTimeout(() => {
      hung = true
      process.kill(-(child.pid as number), 'SIGKILL')
    }, LONGEST)
    const [code] = (await once(child, 'close')) as [number | null]
    clearTimeout(timer)
    return { code, output, hung }
  }
}

/** The specs that are to notice anything, each once. */
export function specs(): Spec[] {
  return [...new Map(breaks.map(({ spec }) => [spec.join('\0'), spec])).values()]
}
