/*
 * An agent for several machines, which share its log in PostgreSQL: run it on each of them. One of them drives the job, and
 * one handles the listener, until it stops or dies.
 *
 *     tidings run shared.ts --db 'postgres://tidings@db.example/tidings?schema=home'
 */
import { agent, every, job, listener, on } from 'tidings'

export default agent('home', [
  job('tick', every(1).seconds, ({ slot }) => ({ type: 'tick', identifier: slot.toISOString(), data: null })),
  job('look', every(1).hours, () => undefined),
  listener('hear', on('tick'), ({ identifier }) => console.log(`heard ${identifier}`)),
])
