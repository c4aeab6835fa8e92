import type { ParkedExchange } from '../../../lib/index.ts'

/** Where the agent of a spec is. */
export interface AgentImport {
  /** What the spec imports it from: `../agents/home.ts`. */
  readonly from: string
  /** The name of its export; `default` for the default one. */
  readonly name: string
}

/** The spec of a parked event: TypeScript that is JavaScript too, for node:test. It fails while the handler fails. */
export function specText(parked: ParkedExchange, agent: AgentImport): string {
  const { listener, event, at, attempts, error, state, calls } = parked
  const { type, identifier, data, version, created, job } = event
  const imported =
    agent.name === 'default' ? 'agent' : agent.name === 'agent' ? '{ agent }' : `{ ${agent.name} as agent }`
  const title = `listener ${JSON.stringify(listener)} handles ${type} ${JSON.stringify(identifier)}`
  const members = [
    `listener: ${literal(listener)},`,
    `at: ${literal(at)},`,
    `event: ${literal({ type, identifier, data, version, created, job }, '    ')},`,
    ...(Object.keys(state).length === 0 ? [] : ['// As it is now.', `state: ${literal(state, '    ')},`]),
    ...(calls.length === 0
      ? []
      : [
          '// In the last attempt. What was sent and answered is not in the log: add `world: { fetch: … }` if it matters.',
          `calls: ${literal(calls, '    ')},`,
        ]),
  ]
  return `// Event ${event.seq}, parked ${at} after ${attempts === 1 ? '1 attempt' : `${attempts} attempts`}:
// ${oneLine(`${error.name}: ${error.message}`)}
// This spec fails until listener ${oneLine(JSON.stringify(listener))} handles it.
import { test } from 'node:test'
import { deliverParked } from 'tidings/testing'
import ${imported} from ${literal(agent.from)}

test(${literal(title)}, () =>
  deliverParked(agent, {
${members.map((member) => `    ${member}`).join('\n')}
  }))
`
}

/** The longest comment, in characters. */
const LONGEST = 200

// Nothing in an event may end the comment.
function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line
}

/** JSON as source: members that are undefined are left out, and `__proto__` is a name like any other. */
export function literal(value: unknown, indent = ''): string {
  const deeper = `${indent}  `
  const block = (open: string, parts: readonly string[], close: string): string =>
    parts.length === 0
      ? open + close
      : `${open}\n${parts.map((part) => `${deeper}${part},\n`).join('')}${indent}${close}`
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value))
    return block(
      '[',
      value.map((each) => literal(each, deeper)),
      ']',
    )
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return block(
    '{',
    members.map(([name, member]) => `${nameOf(name)}: ${literal(member, deeper)}`),
    '}',
  )
}

function nameOf(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

// In single quotes, as people write it, with what a terminal or an editor would not show as an escape.
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}'`
}

function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    '',
  )
}
