// Apart from the rest, so that a program that does not use the stream needs no types of its client.

/** A file in a message. */
export interface Attachment {
  /** Its name, cut at 200 characters; empty if it has none. */
  readonly name: string
  /** Its media type, such as `application/pdf`. */
  readonly type: string
  /** Its size in bytes as it was sent: base64 takes a third more than the file. */
  readonly size: number
}

/** A person or list that a message names. */
export interface Address {
  /** The name, decoded; empty without one. */
  readonly name: string
  /** The mail address; empty for the name of a group. */
  readonly address: string
}

/** The data of an `imap.message` event. */
export interface Message {
  /** The folder in which it was found. */
  readonly folder: string
  /** Its number in the folder. The server may give it another one: the identifier stays. */
  readonly uid: number
  /** The `Message-ID`, with its angle brackets; absent if the message has none. */
  readonly messageId?: string
  /** The subject, decoded; empty without one. Cut at 1000 characters. */
  readonly subject: string
  /** Who wrote it; absent if it does not say. Not verified by anyone. */
  readonly from?: Address
  /** To whom it is addressed: the first 20. */
  readonly to: readonly Address[]
  /** When it was sent by its own account, ISO 8601 in UTC; absent if it does not say. */
  readonly date?: string
  /** When the server received it, ISO 8601 in UTC. */
  readonly received?: string
  /** The beginning of its text: plain text, else HTML without its markup. Cut at 8000 characters. */
  readonly text: string
  /** The first 50 files in it: names and sizes, not their contents. */
  readonly attachments: readonly Attachment[]
  /** Its flags when it was found, such as `\Seen`, sorted. */
  readonly flags: readonly string[]
  /** Its size in bytes, with its files. */
  readonly size: number
}
