import { inspect } from 'node:util'

/** Shorter values are not taken out: they would blot out ordinary words. */
const SHORTEST = 4

/** A line of a value is taken out by itself if it has so many characters: `}` or `null` tells nobody anything. */
const SHORTEST_LINE = 8

/** Takes the values that it has learned out of any text, as they are and in the usual ways of writing them down. */
export class Scrubber {
  #forms: readonly string[] = []

  learn(value: string): void {
    if (value.length < SHORTEST) return
    const forms = new Set([...this.#forms, ...formsOf(value)])
    // The longest first: one may contain another.
    this.#forms = [...forms].filter((form) => form.length >= SHORTEST).sort((a, b) => b.length - a.length)
  }

  scrub(text: string): string {
    return this.#forms.reduce((left, form) => left.replaceAll(form, () => '[secret]'), text)
  }

  /** How many characters at the end of a text that goes on may be the beginning of a value. */
  begun(text: string): number {
    const whole = this.scrub(text)
    // What belongs to a value that is whole begins none.
    const at = this.#beginnings(text).find(
      (cut) => this.scrub(text.slice(0, cut)) + this.scrub(text.slice(cut)) === whole,
    )
    return at === undefined ? 0 : text.length - at
  }

  /** Where the text ends in the beginning of a form; the first comes first. */
  #beginnings(text: string): readonly number[] {
    const places = new Set<number>()
    for (const form of this.#forms) {
      const first = form.charAt(0)
      let at = text.indexOf(first, Math.max(0, text.length - form.length + 1))
      for (; at >= 0; at = text.indexOf(first, at + 1)) if (form.startsWith(text.slice(at))) places.add(at)
    }
    return [...places].sort((a, b) => a - b)
  }
}

function formsOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE)
  const forms = [value, ...lines].flatMap((each) => [...written(each), ...inUrls(each), ...inBase64(each)])
  // Bytes that stand for characters, one each, are text too.
  return [...forms, ...forms.map((form) => Buffer.from(form).toString('latin1'))]
}

/** As it is, in JSON, in JSON within JSON, and as `console.log` shows it in an object. */
function written(value: string): readonly string[] {
  const json = inJson(value)
  return [value, json, inJson(json), inspect(value, { maxStringLength: null }).slice(1, -1)]
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function inUrls(value: string): readonly string[] {
  return [encodeURIComponent(value.toWellFormed()), new URLSearchParams({ '': value }).toString().slice(1)]
}

/** Its characters do not end where bytes do: in a longer text, such as `user:password`, there are three ways. */
function inBase64(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const sure = text.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3))
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
