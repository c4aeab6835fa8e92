/**
 * The address in a `Link` header (RFC 8288) whose relation is `next`; undefined without such a link.
 *
 * @param header such as `<https://api.example/items?page=2>; rel="next", <…>; rel="last"`
 */
export function nextLink(header: string | null): string | undefined {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(LINK)) {
    const rel = Array.from(parameters.matchAll(PARAMETER)).find(([, name]) => name?.toLowerCase() === 'rel')
    const relations = (rel?.[2] ?? rel?.[3] ?? '').toLowerCase().split(/\s+/)
    if (relations.includes('next')) return target
  }
  return undefined
}

/** One link: a target, then its parameters, in which a quoted value may hold a comma. */
const LINK = /<([^<>]*)>((?:[^<>,"]|"[^"]*")*)/g

/** One parameter: its name, then its value, quoted or not. A quoted value may look like parameters. */
const PARAMETER = /;\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]*))/g
