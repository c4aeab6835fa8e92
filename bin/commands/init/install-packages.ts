import { spawn } from 'node:child_process'
import { Failure } from '../../cli/errors.ts'
import { whileWaiting } from '../../print/progress.ts'

/** The most lines that are repeated of what npm printed. */
const MOST_LINES = 12

/** Runs `npm install` in a project. Resolves to how long it took, in s. */
export async function installPackages(directory: string, shown: string): Promise<number> {
  const began = performance.now()
  const { code, output } = await whileWaiting('npm install', npmInstall(directory))
  if (code === 0) return Math.round((performance.now() - began) / 1000)
  const said = output.trim().split('\n').slice(-MOST_LINES).join('\n')
  throw new Failure(`the project is complete, but npm install failed; run it again in ${shown}:\n${said}`)
}

function npmInstall(cwd: string): Promise<{ readonly code: number | null; readonly output: string }> {
  // The npm that runs this program, as `npm create` does, else the one in PATH.
  const own = process.env.npm_execpath
  const [program, ...first] = own?.endsWith('npm-cli.js') === true ? [process.execPath, own] : ['npm']
  // What `npm create` has just fetched is new enough.
  // What `npm create` has fetched just now is new enough.
  const args = [...first, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  // On Windows, npm is a script that only a shell runs.
  const child = spawn(program, args, { cwd, shell: program === 'npm' && process.platform === 'win32' })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ code: null, output: message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
