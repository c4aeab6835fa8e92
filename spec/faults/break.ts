import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Break, breaks, type Spec } from './breaks.ts'
import { Sources } from './find-place.ts'
import { root } from './root.ts'

/** The longest that a spec may take, in ms, whatever is broken. */
const LONGEST = 120_000

/** A copy of the project that can be broken. */
export class Copy {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tidings-broken-'))
  readonly #passes = new Map<string, Promise<boolean>>()
  #sources: Sources | undefined

  constructor() {
    const pages = readdirSync(root).filter((name) => name.endsWith('.md'))
    for (const name of ['lib', 'bin', 'streams', 'page', 'spec', 'docs', 'package.json', 'tsconfig.json', ...pages]) {
      cpSync(join(root, name), join(this.#directory, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'))
  }

  /** Whether the spec passes over the sound engine, in time. Each runs once. */
  passes(spec: Spec): Promise<boolean> {
    const name = spec.join('\0')
    const known = this.#passes.get(name) ?? this.#run(spec).then(({ code, hung }) => code === 0 && !hung)
    this.#passes.set(name, known)
    return known
  }

  /**
   * Breaks the engine, runs the spec that has to notice, and repairs the engine. A spec that hangs has noticed. Fails if
   * the spec does not pass over a sound engine, if the break does not apply at exactly one place, and if something other
   * than a test failed: a module that can't be loaded proves nothing.
   */
  async notices(broken: Break): Promise<boolean> {
    assert.ok(await this.passes(broken.spec), `${broken.spec.join(', ')} fails over a sound engine`)
    const repair = 'add' in broken ? this.#add(broken) : this.#edit(broken)
    try {
      const { code, output, hung } = await this.#run(broken.spec)
      assert.doesNotMatch(output, /SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND/, 'broken in the wrong way')
      return hung || (code !== 0 && /^# fail [1-9]/m.test(output))
    } finally {
      repair()
    }
  }

  #add({ add, text }: Extract<Break, { add: string }>): () => void {
    const path = join(this.#directory, add)
    writeFileSync(path, text, { flag: 'wx' })
    return () => rmSync(path)
  }

  #edit(edit: Extract<Break, { find: string }>): () => void {
    this.#sources ??= new Sources(this.#directory, 'lib')
    const [place, ...others] = this.#sources.places(edit)
    assert.ok(place !== undefined && others.length === 0, `not at exactly one place in ${edit.in}: ${edit.find}`)
    const path = join(this.#directory, place.path)
    const whole = readFileSync(path, 'utf8')
    writeFileSync(path, whole.slice(0, place.start) + edit.replace + whole.slice(place.end))
    return () => writeFileSync(path, whole)
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true })
  }

  async #run([file, name]: Spec): Promise<{ code: number | null; output: string; hung: boolean }> {
    const named = name === undefined ? [] : [`--test-name-pattern=${name}`]
    const args = ['--import', 'tsx', '--test-reporter=tap', ...named, join('spec', file)]
    const { NODE_TEST_CONTEXT: _, TIDINGS_RESULTS: __, TIDINGS_COMPILED: ___, ...env } = process.env
    // It leads a process group, so that its children end with it.
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

/** The specs that have to notice something, each once. */
export function specs(): Spec[] {
  return [...new Map(breaks.map(({ spec }) => [spec.join('\0'), spec])).values()]
}
