import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Break, breaks, type Spec } from './breaks.ts'
import { root } from './root.ts'

/** A copy of the project that can be broken. */
export class Copy {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tidings-broken-'))

  constructor() {
    for (const name of ['lib', 'bin', 'spec', 'package.json', 'tsconfig.json']) {
      cpSync(join(root, name), join(this.#directory, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'))
  }

  /** Whether the spec passes here, over the engine as it is. */
  async passes(spec: Spec): Promise<boolean> {
    return (await this.#run(spec)).code === 0
  }

  /**
   * Breaks the engine, runs the spec that is to notice, and puts the engine right again. Fails when the break does not
   * apply any more, and when nothing but a test could have failed (a module that can't be loaded is no finding).
   */
  async notices({ file, from, to, spec }: Break): Promise<boolean> {
    const path = join(this.#directory, file)
    const whole = readFileSync(path, 'utf8')
    assert.equal(whole.split(from).length, 2, `${file} does not have exactly once: ${from}`)
    writeFileSync(
      path,
      whole.replace(from, () => to),
    )
    try {
      const { code, output } = await this.#run(spec)
      assert.doesNotMatch(
        output,
        /SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND/,
        `${file} is broken in the wrong way`,
      )
      return code !== 0 && /^# fail [1-9]/m.test(output)
    } finally {
      writeFileSync(path, whole)
    }
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true })
  }

  #run([file, name]: Spec): Promise<{ code: number; output: string }> {
    const named = name === undefined ? [] : [`--test-name-pattern=${name}`]
    const args = ['--import', 'tsx', '--test', '--test-reporter=tap', ...named, join('spec', file)]
    const { NODE_TEST_CONTEXT: _, TIDINGS_RESULTS: __, ...env } = process.env
    // Whoever hangs has noticed too, yet late.
    const options = { cwd: this.#directory, env, timeout: 240_000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const
    return new Promise((resolve) => {
      execFile(process.execPath, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : 1
        const hung = error?.killed === true ? '\n# fail 1 (it hung)\n' : ''
        resolve({ code, output: stdout + stderr + hung })
      })
    })
  }
}

/** The specs that are to notice anything, each once. */
export function specs(): Spec[] {
  return [...new Map(breaks.map(({ spec }) => [spec.join('\0'), spec])).values()]
}
