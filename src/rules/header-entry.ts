import type { ReaderName } from './readers.ts';

/** Which header field sets which field, and how it is read. */
export interface HeaderEntry {
  /** Name in lower case; with a `*` at its end, every name that begins so and goes on. */
  readonly header: string;
  /** The field's name; `case.custom_fields.*` where the header has a `*`, which is the key then. */
  readonly sets: string;
  /** Another reader than the field's own. */
  readonly reader?: ReaderName | undefined;
  /** Words of the header and what they mean here; other values are read as they stand. */
  readonly values?: Readonly<Record<string, string>> | undefined;
  /** What stands between labels, where it is no comma. */
  readonly separator?: string | undefined;
}

/** The mapping as an operator configures it. */
export interface MappingConfig {
  /** How the names of Desk's header fields begin, in lower case (`x-desk-`). */
  readonly prefix: string;
  /** False where Desk's header fields mean nothing. */
  readonly desk?: boolean | undefined;
  /** Further ones. They come before Desk's: one of the same name takes its place. */
  readonly map?: readonly HeaderEntry[] | undefined;
}
