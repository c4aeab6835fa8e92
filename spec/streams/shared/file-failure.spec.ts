import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark } from '../../../lib/core/control.ts'
import { hasCode } from '../../../lib/core/errors.ts'
import { fileFailure } from '../../../streams/shared/file-failure.ts'

const failure = (code: string): Error =>
  Object.assign(new Error(`${code}: no, open '/a/.b.tidings/journal'`), {
    code,
    syscall: 'open',
    path: '/a/.b.tidings',
  })

describe('the failure of a file', () => {
  for (const code of ['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']) {
    it(`parks the event for ${code}, and names the place`, () => {
      const error = fileFailure('x.do', '/a/b', failure(code))
      assert.ok(isPark(error))
      assert.match(error.message, new RegExp(`^x\\.do: cannot write /a/b: .* \\(${code}, /a/\\.b\\.tidings\\)$`))
    })
  }

  for (const code of ['ENOSPC', 'EDQUOT', 'EBUSY', 'EMFILE', 'EIO', 'ENOENT']) {
    it(`is an ordinary one for ${code}`, () => {
      const cause = failure(code)
      const error = fileFailure('x.do', '/a/b', cause)
      assert.ok(hasCode(error, 'TIDINGS_FILE_FAILED') && !isPark(error))
      assert.deepEqual((error as { details?: unknown }).details, { path: '/a/b', code })
      assert.equal((error as Error).cause, cause)
    })
  }

  it('is only that of the file system', () => {
    const other = new TypeError('a bug')
    assert.equal(fileFailure('x.do', '/a/b', other), other)
  })
})
