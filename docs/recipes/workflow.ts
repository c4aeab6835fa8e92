// I want one message when a workflow of mine fails on main, not one for each run.
//
// One message for the first failure of a workflow, and for a further one only after a day. Secrets: `GITHUB_TOKEN`, and
// `SLACK_WEBHOOK`, the address of an incoming webhook.
import { agent, listener, on, where } from 'tidings'
import { eq, firstPer } from 'tidings/filters'
import { github } from 'tidings/streams/github'
import { notify } from 'tidings/streams/notify'

const failures = on(github.workflowFailed).pipe(
  where('data.branch', eq('main')),
  firstPer(({ data }) => `${data.repository} ${data.workflow}`, { every: '1d' }),
)

export default agent('workflow', [
  github({ repositories: ['me/app'], what: ['workflowRuns'], notifications: false, every: '5m' }),
  listener(
    'tell',
    failures,
    notify.slack(({ data }) => `${data.workflow} fails on main since "${data.title}": ${data.url}`),
  ),
])
