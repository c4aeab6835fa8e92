/** No operation reads more records than this before it answers: while it reads, others wait for the disk. */
export const MOST_READ = 20_000
