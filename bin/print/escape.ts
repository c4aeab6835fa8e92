export { escape, escapeLines } from '../../lib/core/escape.ts'
