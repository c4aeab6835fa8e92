import { postgresLogSuite } from './postgres-log.ts'

postgresLogSuite('even', Number(process.env['TIDINGS_RUNS'] ?? 50))
