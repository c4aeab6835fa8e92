/**
 * Yields the items of a JSON array that comes in pieces, each as its text on one line. Does not check them: that is for
 * those who parse them. What follows the array, or an end inside it, is yielded as an item that is not JSON.
 */
export async function* jsonItems(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let item = ''
  let depth = 0
  let inText = false
  let isEscaped = false
  let isOver = false
  for await (const text of texts) {
    for (const character of text) {
      if (inText) {
        item += character
        if (isEscaped) isEscaped = false
        else if (character === '\\') isEscaped = true
        else if (character === '"') inText = false
        continue
      }
      if (character === '[' || character === '{') depth += 1
      else if (character === ']' || character === '}') depth -= 1
      const opens = depth === 1 && character === '[' && item.trim() === '' && !isOver
      const ends = (depth === 1 && character === ',') || (depth === 0 && character === ']')
      if (opens) item = ''
      else if (ends && !isOver) {
        isOver = depth === 0
        if (item.trim() !== '' || !isOver) yield item.trim()
        item = ''
      } else item += character === '\n' || character === '\r' ? ' ' : character
      inText = character === '"'
    }
  }
  if (item.trim() !== '' || !isOver) yield `the array does not end: ${item.trim()}`
}
