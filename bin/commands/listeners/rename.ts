import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const rename = command({
  summary:
    "Give a listener another name, with its cursor, its state and its parked events, when its code does. (In code, the option formerly: 'old name' does the same.)",
  takes: ['NAME', 'NEW_NAME'],
  options: reading,
  examples: [['my_listener printer', 'What the log knows of my_listener, it knows of printer']],
  run: async (given) => {
    const [name = '', to = ''] = given._
    return (await import('./rename-listener.ts')).renameListener(name, to, given)
  },
})
