import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { print, printJson } from '../../print/print.ts'

const FORMATS = ['mermaid', 'dot', 'json', 'svg'] as const

export const graph = command({
  summary:
    'Draw the agent that a module exports: which job publishes which events, and which listener hears them. If the agent has a log, the arrows have numbers: how many events there were, and what listeners have passed and parked. Mermaid is drawn by GitHub and many editors, dot by Graphviz, and svg by any browser.',
  takes: ['FILE'],
  options: {
    format: { type: 'string', describe: 'mermaid (default), dot, json or svg' },
    ...running,
    ...reading,
  },
  examples: [
    ['hello.ts', 'Prints a flowchart for Mermaid'],
    ['hello.ts --format svg > hello.svg', 'Draws a picture'],
    ['hello.ts --json', 'Prints nodes and edges for a program'],
  ],
  run: async (given) => {
    const { format: word, json } = given
    if (json === true && word !== undefined && word !== 'json')
      throw new UsageError(`--json and --format ${word} both select a format: leave one out`)
    const { didYouMean, dotOf, graphOf, mermaidOf, pictured, svgOf } = await import('../../../lib/cli.ts')
    const format = json === true ? 'json' : FORMATS.find((each) => each === (word ?? 'mermaid'))
    if (format === undefined) {
      const near = word === undefined ? '' : didYouMean(word, FORMATS)
      throw new UsageError(`--format must be ${FORMATS.join(', ')}, got ${JSON.stringify(word)}${near}`)
    }
    const { inspectedAgent } = await import('../shared/inspected-agent.ts')
    const { agent, seen } = await inspectedAgent(given._[0] ?? '', given)
    const drawn = graphOf(agent, seen)
    if (format === 'json') printJson(drawn)
    else await print({ mermaid: mermaidOf, dot: dotOf, svg: svgOf }[format](pictured(drawn)))
    return exitCodes.ok
  },
})
