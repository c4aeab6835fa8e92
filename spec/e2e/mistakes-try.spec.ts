import { describe, it } from 'node:test'
import { type Mistake, make, test, tidings } from './mistakes.ts'

const table: readonly Mistake[] = [
  [
    test(),
    2,
    'say what to try: a job (-j example.myJob), a listener (-l example.myListener), or both; --help says more',
  ],
  [
    test('-l', 'parts.myListener'),
    2,
    'there is nothing for the listener to hear: add a job (-j), or stored events (-t TYPE, -i ID)',
  ],
  [test('-j', 'parts.myJob', '-t', 'greeting'), 2, '-t and -i tell events again to a listener: add -l'],
  [test('-j', 'parts.myJbo'), 2, 'parts.ts has no export "myJbo"; did you mean "myJob"?'],
  [test('-j', 'parts.my_job'), 2, 'parts.ts has no export "my_job"; did you mean "myJob"?'],
  [test('-j', 'parts.myListener'), 2, 'parts.ts exports a listener as myListener, no job; its jobs: myJob'],
  [
    test('-l', 'parts.answer', '-t', 'greeting'),
    2,
    'parts.ts exports a value of type number as answer, no listener; its listeners: myListener',
  ],
  [test('-j', 'parts.myAgent'), 2, 'parts.ts exports an agent as myAgent, no job; its jobs: myJob'],
  [test('-j', 'nothing.myJob'), 2, 'nothing.ts has no export "myJob"; it exports no job'],
  [test('-j', 'part.myJob'), 2, 'there is no file part; did you mean "parts"?'],
  [test('-j', 'parts'), 2, '"parts" names no job: write FILE.EXPORT, such as example.myJob'],
  [test('--lisener', 'x'), 2, 'unknown option --lisener; did you mean "--listener"?'],
  [tidings('events', 'ls'), 1, 'there is no log in .tidings: run an agent first, or say --db DIR'],
  [tidings('events', 'ls', '--db', 'notalog'), 1, 'there is no log in notalog'],
  [tidings('events', 'ls', '--db', 'parts.ts'), 1, 'there is no log in parts.ts'],
  [tidings('events', 'count', '--agent', 'hello'), 1, 'there is no log in .tidings/hello'],
  [tidings('events', 'ls', '--db', 'a', '--agent', 'b'), 2, '--db and --agent both say which log: leave out one'],
  [tidings('events', 'show'), 2, 'SEQ|TYPE is missing: tidings events show SEQ|TYPE [IDENTIFIER]'],
  [tidings('events', 'show', 'x'), 2, '"x" is no seq: write a number, or a type and an identifier'],
]

describe('a mistake is said in one sentence, with an exit code that tells whose it is', () => {
  it('in what to try, and where to look', (t) => make(t, table))
})
