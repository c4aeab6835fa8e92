import { postgresLogSuite } from './postgres-log.ts'

postgresLogSuite('odd', Number(process.env['TIDINGS_RUNS'] ?? 50))
