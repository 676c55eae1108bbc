import type { Config } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import type { Log } from '../observe/log.ts';

/** What a daemon is made of. */
export interface DaemonParts {
  readonly config: Config;
  readonly db: Database;
  readonly log: Log;
  /** Blanks secrets out of a text that is kept: a server's answer may quote the login. */
  readonly mask: (text: string) => string;
}
