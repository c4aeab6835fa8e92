// I want a message when a project makes a release.
//
// It begins with the first release after the first look, and leaves out prereleases. Secret: `GITHUB_TOKEN`, any token
// of GitHub, without scopes.
import { agent, listener, on, where } from 'tidings'
import { eq } from 'tidings/filters'
import { github } from 'tidings/streams/github'
import { notify } from 'tidings/streams/notify'

const repositories = ['nodejs/node', 'ReactiveX/rxjs']

export default agent('release', [
  github({ repositories, what: ['releases'], notifications: false, every: '30m' }),
  listener(
    'tell',
    on(github.release).pipe(where('data.prerelease', eq(false))),
    notify.ntfy(({ data }) => ({ message: `${data.repository} ${data.tag} is out`, click: data.url }), {
      topic: 'releases-x7f3',
    }),
  ),
])
