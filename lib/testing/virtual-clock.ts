export { type VirtualClock, virtualClock } from '../core/virtual-clock.ts'
