// What the command line knows about the places of logs, without the engine.
export { foreignAddress, isPostgres } from './core/log-address.ts'
export { holdsLog } from './level/store/log-files.ts'
