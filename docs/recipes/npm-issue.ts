// I want an issue in my repository when a dependency has a new version.
//
// Only versions with the tag `latest`, and not what exists at the first look. Secret: `GITHUB_TOKEN`, which must be
// allowed to write issues of the repository.
import { agent, listener, on } from 'tidings'
import { http } from 'tidings/streams/http'
import { npm } from 'tidings/streams/npm'

const url = 'https://api.github.com/repos/me/app/issues'

export default agent('npm-issue', [
  npm({ packages: ['rxjs', '@types/node'], tags: ['latest'], every: '1h' }),
  listener(
    'issue',
    on(npm.version),
    http.post(
      ({ data }) => ({
        url,
        json: {
          title: `Update ${data.name} to ${data.version}`,
          body: `https://www.npmjs.com/package/${data.name}/v/${data.version}`,
          labels: ['dependencies'],
        },
      }),
      { token: 'GITHUB_TOKEN' },
    ),
  ),
])
