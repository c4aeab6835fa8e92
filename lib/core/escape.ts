// Controls forge lines and colors, and begin the commands of a terminal, also those above 0x7f (U+009B works like ESC [);
// marks of direction turn text around. Joiners are allowed: they are part of letters and emoji.
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

/**
 * Makes a text safe to print on a terminal: it stays on one line, and invisible characters are escaped as JSON escapes
 * them, so that escaped JSON keeps its meaning. Everything that is printed for people passes through here.
 */
export function escape(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Like `escape`, but keeps line breaks. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escape).join('\n')
}

/** A text as one word of a command line, for the commands that messages suggest. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
