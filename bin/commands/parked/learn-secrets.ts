import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Secrets } from '../../../lib/index.ts'

/** Names of variables whose values are secrets, or files with them. */
const SECRET = /token|secret|passw|credential|api_?key|private_?key|authori[sz]ation/i

/** The largest file that is a secret if its variable does not say so, in bytes: `SSL_CERT_FILE` names certificates, 200 KB. */
const LARGEST = 2 ** 16

/** Asks for each secret that a program in this environment may have, so that `scrub` removes it. */
export function learnSecrets({ secret }: Secrets): void {
  const names = [
    ...Object.keys(process.env).filter((name) => SECRET.test(name) || (name.endsWith('_FILE') && isSmall(name))),
    ...folder(process.env.CREDENTIALS_DIRECTORY),
    ...ownNames(),
  ]
  for (const name of new Set(names.flatMap((each) => [each, each.replace(/_FILE$/, '').replace(/^tidings_/, '')]))) {
    try {
      secret(name)
    } catch {
      // There is no secret of that name.
    }
  }
}

function isSmall(variable: string): boolean {
  try {
    return statSync(process.env[variable] ?? '').size <= LARGEST
  } catch {
    return false
  }
}

function folder(path: string | undefined): readonly string[] {
  try {
    return path === undefined ? [] : readdirSync(path)
  } catch {
    return []
  }
}

function ownNames(): readonly string[] {
  try {
    return Object.keys(Object(JSON.parse(readFileSync(join('.tidings', 'credentials.json'), 'utf8'))) as object)
  } catch {
    return []
  }
}
