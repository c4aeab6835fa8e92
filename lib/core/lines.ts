/**
 * Yields the lines of a utf8 text that arrives in pieces, without their line breaks. `most` is the longest line allowed, in
 * characters. (node:readline takes some characters that JSON may contain for line breaks.)
 *
 * @throws RangeError for a longer line, TypeError for invalid utf8; both after all earlier lines were yielded
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
    if (rest.length > most) throw new RangeError(`the line is longer than ${most} characters`)
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
