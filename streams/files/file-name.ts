/** The sign in front of names that are not UTF-8; no path has it. */
const RAW = '\0'

/** The text that stands for a path in the state: the path itself, or its bytes in hex if they are not UTF-8. */
export function keyOf(path: Buffer): string {
  const text = path.toString()
  return Buffer.from(text).equals(path) ? text : `${RAW}${path.toString('hex')}`
}

/** The path that a key stands for. */
export function bytesOf(key: string): Buffer {
  return key.startsWith(RAW) ? Buffer.from(key.slice(1), 'hex') : Buffer.from(key)
}

/** The path that a key stands for as people read it: a byte that is not UTF-8 becomes U+FFFD. */
export function shownPath(key: string): string {
  return key.startsWith(RAW) ? bytesOf(key).toString() : key
}

/** Joins a folder and what is inside it. */
export function joined(folder: Buffer, inside: Buffer): Buffer {
  return inside.length === 0 ? folder : folder.length === 0 ? inside : Buffer.concat([folder, SLASH, inside])
}

/** Whether a path is a folder, or inside it. */
export function isInside(path: Buffer, folder: Buffer): boolean {
  if (folder.length === 0) return true
  if (!path.subarray(0, folder.length).equals(folder)) return false
  return path.length === folder.length || path[folder.length] === SLASH[0]
}

const SLASH = Buffer.from('/')
