import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { Asked, Told } from '../support/local-service.ts'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
/** The key file of a service account, made up for the tests. */
export const account = JSON.stringify({ client_email: 'robot@project.example', private_key: privateKey })

/** The rows of a tab, with the header. */
export type Cells = (string | number)[][]

/** Plays the values of one tab. Every fourth request is answered, but the answer is lost, if `loses`. */
export function sheetOf(
  cells: Cells,
  { loses = false, tab: name = "Bob's log" }: { readonly loses?: boolean; readonly tab?: string } = {},
): (asked: Asked) => Told {
  let asked = 0
  const known = `'${name.replaceAll("'", "''")}'`
  return ({ method, path, query, body, headers }) => {
    if (path === '/token') return { body: { access_token: 'a-token', expires_in: 3600, token_type: 'Bearer' } }
    if (headers.authorization !== 'Bearer a-token') return { status: 401 }
    const [, tab, range = '', append] =
      /\/values\/(?:('.*')!)?([A-Z\d:]*?)(:append)?$/.exec(decodeURIComponent(path)) ?? []
    if (tab !== undefined && tab !== known) return { status: 400, body: { error: { message: 'No such tab' } } }
    const cut = loses && (asked += 1) % 4 === 0 ? { cut: 2 } : {}
    if (method === 'GET' && range === '1:1')
      return { ...cut, body: { values: cells[0] === undefined ? undefined : [cells[0]] } }
    if (method === 'GET') {
      assert.equal(query.get('majorDimension'), 'COLUMNS')
      const at = range.charCodeAt(0) - 65
      return { ...cut, body: { values: [cells.slice(1).map((row) => row[at] ?? '')] } }
    }
    assert.equal(query.get('valueInputOption'), 'RAW')
    const [row = []] = (JSON.parse(body) as { values: Cells }).values
    if (append === undefined) (cells[0] ??= []).splice(range.charCodeAt(0) - 65, row.length, ...row)
    else cells.push(row)
    return { ...cut, body: {} }
  }
}
