import { postgresLogSuite } from './postgres-log.ts'

// With one value each: the slow suite has more.
postgresLogSuite('odd', 1)
