/** `T` without `undefined`: a property that may be undefined becomes optional. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Copies an object without the properties that are undefined: an optional property is absent or has a value. */
export function defined<T extends object>(given: T): Defined<T> {
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) if (value !== undefined) kept[key] = value
  return kept as Defined<T>
}
