import type { Draft } from '../../lib/index.ts'
import { transit } from '../../streams/transit.ts'
import { localService } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** When the tests look: half past four in the afternoon, in Boston. */
export const NOW = Date.UTC(2026, 0, 1, 21, 30)

/** In ms. */
export const MINUTE = 60_000

/** A departure; times in ms since the epoch. */
export interface Departure {
  readonly trip: string
  /** Null: not in the timetable. */
  readonly scheduled: number | null
  /** Null: without a prediction. Default as scheduled. */
  readonly departure?: number | null
  readonly arrival?: number | null
  readonly status?: string | null
  readonly relationship?: 'ADDED' | 'CANCELLED' | 'NO_DATA' | 'SKIPPED' | 'UNSCHEDULED' | null
  readonly platform?: string | null
  /** The id of the prediction. */
  readonly id?: string
}

/** A time as the MBTA writes it, in winter. */
function boston(at: number | null): string | null {
  return at === null ? null : `${new Date(at - 300 * MINUTE).toISOString().slice(0, 19)}-05:00`
}

/** An answer of `/predictions` with everything included. */
export function predictions(departures: readonly Departure[]) {
  const related = (type: string, id: string | null) => ({ data: id === null ? null : { id, type } })
  return {
    data: departures.map((one) => {
      const { trip, scheduled, departure = scheduled, platform, relationship = null } = one
      return {
        type: 'prediction',
        id: one.id ?? `prediction-${trip}-70080-120-Red`,
        attributes: {
          departure_time: boston(departure),
          arrival_time: boston(one.arrival === undefined ? departure : one.arrival),
          direction_id: 1,
          schedule_relationship: relationship,
          status: one.status ?? null,
          stop_sequence: 120,
          revenue: 'REVENUE',
          update_type: null,
        },
        relationships: {
          route: related('route', 'Red'),
          trip: related('trip', trip),
          stop: related('stop', platform === undefined ? '70080' : `sstat-${platform}`),
          schedule: related('schedule', scheduled === null ? null : `schedule-${trip}-${scheduled}`),
          vehicle: related('vehicle', null),
        },
      }
    }),
    included: [
      { type: 'route', id: 'Red', attributes: { short_name: '', long_name: 'Red Line', type: 1 } },
      { type: 'stop', id: '70080', attributes: { name: 'South Station', platform_code: null } },
      ...departures.flatMap(({ trip, scheduled, platform }) => [
        { type: 'trip', id: trip, attributes: { headsign: 'Alewife', name: '' } },
        {
          type: 'schedule',
          id: `schedule-${trip}-${scheduled}`,
          attributes: { departure_time: boston(scheduled), arrival_time: boston(scheduled) },
        },
        ...(platform === undefined
          ? []
          : [
              { type: 'stop', id: `sstat-${platform}`, attributes: { name: 'South Station', platform_code: platform } },
            ]),
      ]),
    ],
    jsonapi: { version: '1.0' },
  }
}

/** One run against a local service, with an event of each type. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const scheduled = NOW + 10 * MINUTE
  const late = { trip: '70001', scheduled, departure: scheduled + 3 * MINUTE, status: 'Boarding', platform: '2' }
  const service = await localService(t, () => ({ body: predictions([late]) }))
  return draftsOf(transit({ stop: 'place-sstat', baseUrl: service.url }), { now: () => NOW })
}
