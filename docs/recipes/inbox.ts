// I want each scan that I drop into a folder to become a PDF with text.
//
// A file counts once its writer is done, and also if it was dropped while the agent was down. A crash in the middle
// runs the program `ocrmypdf` again, which writes the same file. The folders `inbox` and `done` are in the working
// directory.
import { join } from 'node:path'
import { agent, listener, on } from 'tidings'
import { files } from 'tidings/streams/files'

export default agent('inbox', [
  files({ path: 'inbox', glob: '*.pdf', events: ['appeared'] }),
  listener(
    'read',
    on(files.appeared),
    async ({ data }, { exec }) => {
      await exec('ocrmypdf', ['--skip-text', data.file, join('done', data.path.replaceAll('/', '-'))])
    },
    { timeout: '10m', concurrency: 2 },
  ),
])
