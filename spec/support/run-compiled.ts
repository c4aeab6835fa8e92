// Runs a program of this repository as compiled JavaScript: `node --import tsx spec/support/run-compiled.ts FILE [ARGUMENTS]`.
// For benchmarks: tsx makes each function name itself when it is created, which no user of the package pays for.
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { compile } from './compile.ts'

const [file = '', ...args] = process.argv.slice(2)
const source = resolve(file)
const { of, remove } = await compile([source])
process.once('exit', remove)
const child = spawn(process.execPath, ['--enable-source-maps', of(source), ...args], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void child.kill(signal))
child.on('exit', (code) => (process.exitCode = code ?? 1))
