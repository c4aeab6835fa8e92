import { quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { HandOutOptions } from '../log/consumer/hand-out.ts'
import type { ConsumerOptions } from '../log/port.ts'
import { type ShardPlace, shardName, shardOf, shardPlace } from '../log/shards.ts'
import type { Fence } from './fence.ts'
import type { Session } from './session.ts'
import { toText } from './text.ts'

/** The values by which the functions know a shared consumer and its shards. */
export function shareOf({ options }: Session, { whole, count }: ShardPlace): readonly unknown[] {
  const shards = Array.from({ length: count }, (_, i) => toText(shardName(whole, i, count)))
  return [toText(whole), shards, options.lease]
}

/** Has this agent no longer counted among those that share a consumer, if the name is that of a shard. */
export async function leaveShare(session: Session, name: string): Promise<void> {
  const whole = shardPlace(name)?.whole
  if (whole === undefined) return
  const text = `DELETE FROM ${session.name('share')} WHERE consumer = $1 AND agent = $2`
  await session.write(text, [toText(whole), session.options.agent])
}

/** Asks for the share of this agent, and for an end of the work on what it has beyond that. */
export async function wantBack(session: Session, fences: readonly Fence[]): Promise<void> {
  const held = new Map<string, { readonly place: ShardPlace; readonly fences: Fence[] }>()
  for (const fence of fences) {
    const place = shardPlace(fence.name)
    if (place === undefined) continue
    const known = held.get(place.whole)
    if (known === undefined) held.set(place.whole, { place, fences: [fence] })
    else known.fences.push(fence)
  }
  for (const { place, fences: own } of held.values()) {
    const [whole, shards, lease] = shareOf(session, place)
    const text = `SELECT o_held, o_share FROM ${session.name('share_1')}($1, $2, $3, $4)`
    const [[all, share] = []] = await session.write(text, [whole, shards, session.options.agent, lease])
    if (all === null || share === null) continue
    const ending = own.filter(({ wanted }) => wanted.aborted).length
    const surplus = Math.max(0, Number(all) - Number(share) - ending)
    const staying = own.filter(({ wanted }) => !wanted.aborted)
    for (const fence of staying.slice(staying.length - Math.min(surplus, staying.length))) fence.want()
  }
}

/** The options of a consumer for one of its shards. */
export function ownOptions(name: string, options: ConsumerOptions): HandOutOptions {
  const place = shardPlace(name)
  const { keys } = options
  if (place === undefined || keys === undefined) return options
  return { ...options, isOwn: (event) => shardOf(keys.of(event), place.count) === place.index }
}

/** The name of a row whose consumer is renamed. */
export function renamedTo(name: string, row: string): string {
  const place = shardPlace(row)
  return place === undefined ? name : shardName(name, place.index, place.count)
}

/** Whether a shard is that of an event; undefined for a whole. `indexOf`: undefined where only the code of the listener knows. */
export function ownerOf(
  name: string,
  indexOf: ((event: StoredEvent) => number) | undefined,
): ((event: StoredEvent) => boolean) | undefined {
  const place = shardPlace(name)
  if (place === undefined) return undefined
  const { whole, index } = place
  return (event) => {
    if (indexOf !== undefined) return indexOf(event) === index
    const words = `listener ${quote(whole)} is shared by a function of its code: start an agent that has it, then tell again`
    throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { listener: whole } })
  }
}
