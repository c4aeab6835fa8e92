import { describe, it } from 'node:test'
import { type Mistake, make, test, tidings } from './mistakes.ts'

const table: readonly Mistake[] = [
  [test(), 2, 'nothing to try: give a job (-j example.myJob), a listener (-l example.myListener), or both; see --help'],
  [
    test('-l', 'parts.myListener'),
    2,
    'the listener would receive nothing: add a job (-j), or stored events (-t TYPE, -i ID)',
  ],
  [test('-j', 'parts.myJob', '-t', 'greeting'), 2, '-t and -i deliver stored events to a listener: add -l'],
  [test('-j', 'parts.myJbo'), 2, 'parts.ts has no export "myJbo"; did you mean "myJob"?'],
  [test('-j', 'parts.my_job'), 2, 'parts.ts has no export "my_job"; did you mean "myJob"?'],
  [test('-j', 'parts.myListener'), 2, 'parts.ts exports a listener as myListener, not a job; its jobs: myJob'],
  [
    test('-l', 'parts.answer', '-t', 'greeting'),
    2,
    'parts.ts exports a value of type number as answer, not a listener; its listeners: myListener',
  ],
  [test('-j', 'parts.myAgent'), 2, 'parts.ts exports an agent as myAgent, not a job; its jobs: myJob'],
  [test('-j', 'nothing.myJob'), 2, 'nothing.ts has no export "myJob"; it exports no job'],
  [test('-j', 'part.myJob'), 2, 'there is no file part; did you mean "parts"?'],
  [test('-j', 'parts'), 2, '"parts" does not name a job: write FILE.EXPORT, such as example.myJob'],
  [test('parts.ts', '-j', 'my_jbo'), 2, 'parts.ts has no job "my_jbo"; did you mean "my_job"?'],
  [test('parts', '-j', 'answer'), 2, 'parts.ts exports a value of type number as answer, not a job; its jobs: my_job'],
  [test('nothing.ts', '-j', 'x'), 2, 'nothing.ts has no job "x"; it exports no job'],
  [test('--lisener', 'x'), 2, 'unknown option --lisener; did you mean "--listener"?'],
  [tidings('events', 'ls'), 1, 'there is no log in .tidings: run an agent first, or give --db DIR'],
  [tidings('events', 'ls', '--db', 'notalog'), 1, 'there is no log in notalog'],
  [tidings('events', 'ls', '--db', 'parts.ts'), 1, 'there is no log in parts.ts'],
  [tidings('events', 'count', '--agent', 'hello'), 1, 'there is no log in .tidings/hello'],
  [tidings('events', 'ls', '--db', 'a', '--agent', 'b'), 2, '--db and --agent both select a log: leave one out'],
  [tidings('events', 'show'), 2, 'SEQ|TYPE is missing: tidings events show SEQ|TYPE [IDENTIFIER]'],
  [tidings('events', 'show', 'x'), 2, '"x" is not a seq: give a number, or a type and an identifier'],
]

describe('a mistake prints one sentence, and its exit code says whose it is', () => {
  it('in the arguments of agent-test, or of commands that read a log', (t) => make(t, table))
})
