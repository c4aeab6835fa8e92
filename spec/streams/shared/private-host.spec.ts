import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPrivateHost } from '../../../streams/shared/private-host.ts'

describe('a private host', () => {
  const hosts = [
    ['127.0.0.1', 'localhost', 'box', 'printer.local', 'db.internal', 'a.localhost', '10.1.2.3', '192.168.0.1'],
    ['172.16.0.1', '172.31.255.255', '169.254.169.254', '100.64.0.1', '0.0.0.0', '2130706433', '0x7f.1', 'localhost.'],
    ['[::1]', '[::]', '[fd00::1]', '[fe80::1]', '[::ffff:127.0.0.1]', '[::ffff:a00:1]'],
  ]
  for (const host of hosts.flat()) {
    it(`is ${host}`, () => assert.equal(isPrivateHost(new URL(`http://${host}/`)), true))
  }

  for (const host of [
    'example.com',
    '1.1.1.1',
    '172.32.0.1',
    '[2606:4700::1]',
    '[::ffff:1.1.1.1]',
    'local.example.com',
  ]) {
    it(`is not ${host}`, () => assert.equal(isPrivateHost(new URL(`http://${host}/`)), false))
  }
})
