import { cut, identifierOf } from '../shared/wire.ts'
import { type Fields, fieldsOf } from './api.ts'

/** The data of a `todoist.added` event. Texts are cut at 8000 characters, dates are ISO 8601 in UTC. */
export interface TodoistTask {
  /** The id of the task. */
  readonly id: string
  /** The id of the project. */
  readonly project: string
  /** The title, as written: Markdown, often with a link. */
  readonly content: string
  /** More text below the title; often empty. */
  readonly description: string
  /** The names of its labels. */
  readonly labels: readonly string[]
  /** From 1 (normal) to 4 (urgent), which the apps show as p1. */
  readonly priority: number
  /** When it is due; absent without a date. */
  readonly due?: {
    /** A date, or a time: in UTC with a `Z`, otherwise wherever the user is. */
    readonly date: string
    /** Whether the task comes back when it is completed. */
    readonly recurring: boolean
    /** As the user wrote it: `every monday`. */
    readonly text: string
  }
  /** The id of the task that it is a part of; absent for others. */
  readonly parent?: string
  /** When it was added to Todoist; absent if Todoist does not say. */
  readonly added?: string
  /** The address of the task in the app. */
  readonly url: string
}

/** The data of a `todoist.completed` event: the task, and when it was completed. */
export interface CompletedTask extends TodoistTask {
  /** When it was completed. */
  readonly completed: string
}

/** Labels per task, of at most 100 characters each. */
const MOST_LABELS = 100

/** Reads a task; undefined without an id or a title, and for one that was deleted. */
export function taskOf(item: unknown, project: string): TodoistTask | undefined {
  const fields = fieldsOf(item) ?? {}
  const id = identifierOf(fields['id'])
  if (id === undefined || typeof fields['content'] !== 'string' || fields['is_deleted'] === true) return undefined
  const due = dueOf(fieldsOf(fields['due']))
  const parent = identifierOf(fields['parent_id'])
  const added = dateOf(fields['added_at'])
  return {
    id,
    project,
    content: textOf(fields['content']),
    description: textOf(fields['description']),
    labels: labelsOf(fields['labels']),
    priority: [1, 2, 3, 4].find((one) => one === fields['priority']) ?? 1,
    ...(due === undefined ? {} : { due }),
    ...(parent === undefined ? {} : { parent }),
    ...(added === undefined ? {} : { added }),
    url: `https://app.todoist.com/app/task/${encodeURIComponent(id)}`,
  }
}

/** Reads the title of a task in the activity log, as it was then; undefined without one. */
export function contentOf(extraData: unknown): string | undefined {
  const content = fieldsOf(extraData)?.['content']
  return typeof content === 'string' ? textOf(content) : undefined
}

/** Reads a date as ISO 8601 in UTC; undefined if it is not one. */
export function dateOf(value: unknown): string | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

function dueOf(due: Fields | undefined): TodoistTask['due'] {
  if (typeof due?.['date'] !== 'string') return undefined
  return { date: textOf(due['date']), recurring: due['is_recurring'] === true, text: textOf(due['string']) }
}

function labelsOf(labels: unknown): string[] {
  if (!Array.isArray(labels)) return []
  return labels
    .filter((one) => typeof one === 'string')
    .map((one) => textOf(one, 100))
    .slice(0, MOST_LABELS)
}

function textOf(value: unknown, most?: number): string {
  return typeof value === 'string' ? cut(value, most) : ''
}
