/** What an examination has found. */
export interface Finding {
  /** What was looked at, such as `snapshot`. */
  readonly about: string
  /** `ok`; `warning`: it may harm; `problem`: agents can't work. */
  readonly level: 'ok' | 'warning' | 'problem'
  readonly message: string
}
