/** What may stand between groups of three digits besides a point or a comma. */
const NARROW = " \\u00a0\\u2009\\u202f'’"

/** The first number of a text: its sign, which may stand before a currency sign, and its digits with what groups them. */
const NUMBER = new RegExp(
  `(?<sign>(?<![\\p{L}\\d])[-−](?:\\s?\\p{Sc})?\\s?)?(?<digits>(?:(?<![\\p{L}\\d])[.,])?\\d+(?:(?:[.,]|[${NARROW}](?=\\d{3}(?!\\d)))\\d+)*)`,
  'u',
)

/**
 * Reads the first number of a text, such as a price: `€ 1.234,50`, `$1,234.50`, `CHF 1’234.50`, `1 234,50 kr`.
 *
 * Spaces and apostrophes group digits. Of a point and a comma, the last is the decimal sign. One of them alone groups
 * digits if exactly three follow and one to three stand before, without a leading 0: `1.234` is 1234, `0.234` and `1.23` are
 * below 2. `decimal` settles it for pages where that is wrong.
 *
 * @returns undefined for a text without digits, or with digits that group in no known way, such as a date
 */
export function parseNumber(text: string, decimal?: '.' | ','): number | undefined {
  const found = NUMBER.exec(text)?.groups
  const digits = found?.['digits']?.replaceAll(new RegExp(`[${NARROW}]`, 'g'), '')
  if (digits === undefined) return undefined
  const sign = decimal ?? decimalOf(digits)
  const [whole = '', ...rest] = sign === undefined ? [digits] : digits.split(sign)
  if (rest.length > 1 || !isGrouped(whole) || /[.,]/.test(rest[0] ?? '')) return undefined
  const value = Number(`${whole.replaceAll(/[.,]/g, '') || '0'}.${rest[0] ?? '0'}`)
  return found?.['sign'] === undefined ? value : -value
}

/** The decimal sign; undefined if the number is whole. */
function decimalOf(digits: string): '.' | ',' | undefined {
  const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  if (last < 0) return undefined
  const sign = digits[last] as '.' | ','
  const isAlone = !digits.includes(sign === '.' ? ',' : '.')
  const isGroup = /^[1-9]\d{0,2}([.,]\d{3})+$/.test(digits) || digits.split(sign).length > 2
  return isAlone && isGroup ? undefined : sign
}

/** Whether the digits before the decimal sign are in groups: of three, or as in India of two before the last. */
function isGrouped(whole: string): boolean {
  return /^\d*$/.test(whole) || /^\d{1,3}(?:,\d{2,3})*,\d{3}$/.test(whole) || /^\d{1,3}(?:\.\d{3})+$/.test(whole)
}
