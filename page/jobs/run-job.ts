import { api } from '../api.ts'
import { count } from '../text.ts'

/** Runs a job; resolves to what came of it. */
export async function runJob(name: string): Promise<string> {
  const { run } = await api.jobs.run(name)
  if (run === undefined) return `${name} runs already`
  return `${name}: ${run.status}, ${run.new} new, ${run.changed} changed, ${count(run.duplicate, 'duplicate')}`
}
