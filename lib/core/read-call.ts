/** A call of `fetch`, and what it sends, read without taking that from the one who answers it. */
export interface ReadCall {
  /** Its method, URL and headers. */
  readonly request: Request
  /** As text, without what `fetch` draws for each call; empty without a body. */
  readonly body: string
  /** The arguments as their caller gave them, but for a body that can be read only once: there it is a copy. */
  readonly passed: Parameters<typeof fetch>
}

/**
 * Reads what a call of `fetch` sends.
 *
 * @throws TypeError what `fetch` says about its arguments
 */
export async function readCall(...[input, init]: Parameters<typeof fetch>): Promise<ReadCall> {
  const request = new Request(input, init)
  if (request.body === null) return { request, body: '', passed: [input, init] }
  const text = await request.clone().text()
  const body = withoutBoundary(text, request.headers.get('content-type') ?? '')
  if (!isReadOnce(input, init)) return { request, body, passed: [input, init] }
  // A Request whose own body was taken is used up; the new one has the headers and the signal of `init` too.
  if (init?.body === undefined || init.body === null) return { request, body, passed: [request, init] }
  return { request, body, passed: [input, { ...init, body: request.body, duplex: 'half' }] }
}

/** Whether a call of `fetch` has a body that can be read once, such as a stream. Other bodies can be read again later. */
export function isReadOnce(input: string | URL | Request, init: RequestInit | undefined): boolean {
  const { body } = init ?? {}
  if (body === undefined || body === null) return input instanceof Request && input.body !== null
  const again = [ArrayBuffer, Blob, FormData, URLSearchParams].some((type) => body instanceof type)
  return typeof body !== 'string' && !ArrayBuffer.isView(body) && !again
}

/** The body without the boundary that `fetch` draws for a multipart form: equal forms have equal bodies. */
export function withoutBoundary(body: string, contentType: string): string {
  const boundary = /^multipart\/.*boundary="?([^";]+)/i.exec(contentType)?.[1]
  return boundary === undefined ? body : body.replaceAll(boundary, 'boundary')
}
