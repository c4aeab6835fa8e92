/**
 * The address in a `Link` header (RFC 8288) whose relation is `next`; undefined without such a link.
 *
 * @param header such as `<https://api.example/items?page=2>; rel="next", <…>; rel="last"`
 */
export function nextLink(header: string | null): string | undefined {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(LINK)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters)
    const relations = (rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/)
    if (relations.includes('next')) return target
  }
  return undefined
}

/** One link: a target, then its parameters, in which a quoted value may hold a comma. */
const LINK = /<([^<>]*)>((?:[^<>,"]|"[^"]*")*)/g
