// Controls forge lines and colors, and begin the commands of a terminal, also those above 0x7f (U+009B is as good as
// ESC [); marks of direction turn text around. Joiners are part of letters and emoji.
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

/**
 * Text that stays what it is on any terminal: on one line, with nothing in it that is not seen. What is replaced is written
 * as JSON would escape it, so JSON that is escaped still says the same.
 *
 * Everything goes through here that is printed where a person may read it.
 */
export function escape(text: string): string {
  return text.replace(UNSEEN, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** As `escape`, for text whose lines are meant to be lines. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escape).join('\n')
}
