import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** A server on the loopback that takes mail by SMTP (RFC 5321), as far as a client needs it. */
export interface SmtpServer {
  /** Its address, `smtp://127.0.0.1:port`. */
  readonly url: string
  /** The lines of all commands so far. */
  readonly commands: readonly string[]
  /** The messages so far: headers and bodies. */
  readonly messages: readonly string[]
}

/**
 * Starts a server, which stops when the test ends.
 *
 * @param answer replaces the answer to a command; the end of a message is the command `.`. Undefined: the usual one.
 *   `hang`: none ever
 */
export async function smtpServer(
  t: { after(work: () => unknown): void },
  answer: (command: string) => string | undefined = () => undefined,
): Promise<SmtpServer> {
  const commands: string[] = []
  const messages: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.setEncoding('utf8')
    let text = ''
    let isData = false
    const reply = (command: string, usual: string): boolean => {
      const told = answer(command) ?? usual
      if (told !== 'hang') socket.write(`${told}\r\n`)
      return told === usual
    }
    reply('', '220 test')
    socket.on('data', (chunk: string) => {
      text += chunk
      for (;;) {
        const end = text.indexOf(isData ? '\r\n.\r\n' : '\r\n')
        if (end < 0) return
        const part = text.slice(0, end)
        text = text.slice(end + (isData ? 5 : 2))
        if (isData) {
          isData = false
          if (reply('.', '250 queued')) messages.push(part)
          continue
        }
        commands.push(part)
        if (/^QUIT/i.test(part)) return void socket.end('221 bye\r\n')
        isData = reply(part, /^DATA/i.test(part) ? '354 go on' : '250 ok') && /^DATA/i.test(part)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, commands, messages }
}
