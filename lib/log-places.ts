// What the command line knows about the places of logs, without the engine.
export { foreignScheme, isPostgres } from './core/log-address.ts'
export { holdsLog } from './level/store/log-files.ts'
