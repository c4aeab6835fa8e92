import { draw } from './draw.tsx'
import { learn } from './facts.ts'
import { listenToKeys } from './keys.ts'
import { follow } from './live.ts'

learn().catch(() => undefined)
follow()
listenToKeys()
draw()
