/**
 * The lines of a text that comes in pieces, in utf8, without their ends. `most`: the longest, in characters.
 *
 * Not node:readline, which takes characters that JSON may have for the ends of lines.
 *
 * @throws RangeError for a longer line, TypeError for what is no utf8: once all lines before were given
 */
export async function* lines(
  pieces: AsyncIterable<Uint8Array>,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true })
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      yield rest + text.slice(from, end)
      rest = ''
      from = end + 1
    }
    rest += text.slice(from)
    if (rest.length > most) throw new RangeError(`it is longer than ${most} characters`)
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
