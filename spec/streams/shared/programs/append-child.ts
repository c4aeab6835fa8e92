import { spreadsheet } from '../../../../streams/spreadsheet.ts'

/*
 * Appends rows to a file until it is killed, as a listener would: `n` counts up, and the key of a row is its own. It
 * prints `n` when a row is acknowledged, and begins at the row after the last acknowledged one.
 */
const [path = '', name = '', from = '0', size = '10'] = process.argv.slice(2)
const append = spreadsheet.appendRow(path, (n: number) => ({
  writer: name,
  n,
  text: `"${'x'.repeat(Number(size))}"\n,`,
}))
for (let n = Number(from); ; n++) {
  await append(n, { key: `${name} ${n}`, signal: new AbortController().signal } as never)
  process.stdout.write(`${n}\n`)
}
