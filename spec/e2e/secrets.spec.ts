import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agentTest, tidings, userFolder } from './program.ts'

const agent = `
import { agent, eventType, job, listener, manual, on } from 'tidings'
const seen = eventType('seen').of<{ n: number }>()
const leaky = (name: string) => job('leaky_' + name, manual(), ({ secret, logger, publish }) => {
  const token = secret(name)
  console.log('printed', token)
  console.error('complained', token)
  logger.info({ token, url: 'https://x.example/?token=' + token }, 'asking with ' + token)
  publish(seen, name, { n: 1 })
  throw new Error('refused: ' + token)
})
export const a = leaky('PLANTED_A'), b = leaky('PLANTED_B'), c = leaky('PLANTED_C')
export const hears = listener('hears', on(seen), (event, { secret }) => {
  setTimeout(() => { throw new Error('late: ' + secret(event.identifier)) }, 1)
  return new Promise((_, reject) => setTimeout(reject, 50, new Error('heard: ' + secret(event.identifier))))
})
export default agent('leaky', [a, b, c, hears])
`

const values = ['s3cret-from-environment', 's3cret "in" a\\file', 's3cret-of-an-env-file']

describe('a secret that secret() has returned', () => {
  it('appears in nothing that the program prints, wherever it came from and whichever code printed it', async (t) => {
    const folder = userFolder(t, {
      'leaky.ts': agent,
      'key.txt': `${values[1]}\n`,
      'some.env': `PLANTED_C=${values[2]}\n`,
    })
    const how = { env: { PLANTED_A: values[0] ?? '', PLANTED_B_FILE: 'key.txt' } }
    const all = [
      await tidings(t, folder, ['run', 'leaky.ts', '--once', '--env-file', 'some.env', '--log-level', 'trace'], how),
      await agentTest(t, folder, ['-j', 'leaky.b', '-l', 'leaky.hears', '--json'], how),
      await agentTest(t, folder, ['-l', 'leaky.hears', '-t', 'seen', '--env-file', 'some.env'], how),
      await tidings(t, folder, ['events', 'ls', '--agent', 'leaky', '--json']),
    ]
    const [once] = all
    assert.equal(once?.code, 1)
    for (const { stdout, stderr } of all) {
      for (const value of values) {
        for (const form of [value, JSON.stringify(value).slice(1, -1)]) {
          assert.ok(!`${stdout}${stderr}`.includes(form), `${form} is in\n${stdout}${stderr}`)
        }
      }
    }
    // Had nothing been said, there would be nothing to hide.
    assert.equal(once?.stdout.match(/printed \[secret\]/g)?.length, 3)
    assert.equal(once?.words.match(/complained \[secret\]/g)?.length, 3)
    for (const words of ['asking with [secret]', 'refused: [secret]', 'heard: [secret]', 'late: [secret]']) {
      assert.ok(once?.stderr.includes(words), `${words} is not in\n${once?.stderr}`)
    }
    assert.match(all[1]?.stdout ?? '', /heard: \[secret\]/)
  })
})
