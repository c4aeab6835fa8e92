/**
 * How long the laws wait for what may hang, in ms of real time. It only bounds hanging: nothing may pass or fail by its
 * speed, and on a busy machine seconds can lie between two steps.
 */
export const LONGEST = 30_000
