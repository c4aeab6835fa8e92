import { execFile } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** The result of a program. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a folder to its end, without the environment variables of the spec runner. */
export function run(
  cwd: string,
  program: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|TIDINGS_|NODE_TEST_CONTEXT$)/i.test(name))
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { ...Object.fromEntries(own), ...more } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
  })
}

/** Like `run`, for a program that must succeed. Resolves to its standard output. */
export async function must(
  cwd: string,
  program: string,
  args: readonly string[],
  more?: NodeJS.ProcessEnv,
): Promise<string> {
  const { code, stdout, stderr } = await run(cwd, program, args, more)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`)
  return stdout
}
