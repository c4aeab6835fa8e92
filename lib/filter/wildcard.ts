/**
 * A matcher of the whole text: `*` stands for any characters or none, `?` for exactly one (a code point, such as an
 * emoji). There is no escape. Both sides are folded first, one character at a time.
 *
 * Not a regular expression, because those can backtrack for ever on hostile text. Here only the latest `*` is ever
 * stretched, so the work is at most the length of the text times the length of the pattern.
 */
export function wildcard(pattern: string, fold: (char: string) => string): (text: string) => boolean {
  const wanted = Array.from(pattern, fold)
  return (text) => covers(wanted, Array.from(text, fold))
}

function covers(pattern: readonly string[], text: readonly string[]): boolean {
  let p = 0
  let star = -1 // where the latest * stands in the pattern …
  let taken = 0 // … and where in the text the run that it stands for ends
  for (let t = 0; t < text.length; ) {
    if (pattern[p] === '*') {
      star = p++
      taken = t
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++taken
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
