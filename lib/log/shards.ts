import type { StoredEvent } from '../core/event.ts'

/*
 * A shared consumer has shards, of which each is held by one agent. Events of one key are in one shard (decision 0080).
 */

/** How many shards a consumer gets. Its log keeps them, so other versions of Tidings may choose another number. */
export const SHARDS = 8

/** Which events belong together: those of one key keep their order. */
export interface Keys {
  /** Tells one way to make keys from another. */
  readonly name: string
  /** The key of an event: always the same for the same event. */
  of(event: StoredEvent): string
}

/** The keys of a consumer whose order is by identity. Any process can make them. */
export const identityKeys: Keys = { name: 'identity', of: ({ type, identifier }) => `${type}\0${identifier}` }

/** Which shard of which consumer a name stands for. */
export interface ShardPlace {
  /** The name of the consumer. */
  readonly whole: string
  /** The number of the shard, from 0. */
  readonly index: number
  /** How many shards there are. */
  readonly count: number
}

/** The name under which a log keeps a shard. */
export function shardName(whole: string, index: number, count: number): string {
  return `${whole}\0${index}/${count}`
}

/** What a name stands for; undefined: a whole consumer. */
export function shardPlace(name: string): ShardPlace | undefined {
  const [, whole, index, count] = /^(.+)\0(\d+)\/(\d+)$/s.exec(name) ?? []
  return whole === undefined ? undefined : { whole, index: Number(index), count: Number(count) }
}

/** Whether a name stands for a shard. */
export function isShard(name: string): boolean {
  return shardPlace(name) !== undefined
}

/** The consumer that a name stands for, or one of whose shards it stands for. */
export function wholeOf(name: string): string {
  return shardPlace(name)?.whole ?? name
}

/** The number of the shard in which a key is: a hash of its UTF-16 units, FNV-1a with the last steps of MurmurHash3. */
export function shardOf(key: string, count: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % count
}
