/** Starts a stopwatch of the time that this process computes, in ms: other work on the machine does not count. */
export function cpuTime(): () => number {
  const began = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1000
  }
}
