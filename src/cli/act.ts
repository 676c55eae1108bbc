import type { LoadedConfig } from '../config/load.ts';
import { type Act, perform } from '../desk/act.ts';
import { MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { actorFor } from './actor.ts';
import { answer, EXIT } from './context.ts';
import { idIn } from './read-options.ts';
import { namesIn, told } from './told.ts';
import { withDatabase } from './with-database.ts';

/** What every act takes. */
export interface ActOptions {
  config?: string;
  by?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** What an act says beside what it changes. */
export interface Remark {
  /** As data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** As a sentence, harmless already. */
  readonly words: string;
}

/** Does an act and tells what it has changed, or would change. */
export async function act(
  options: ActOptions,
  work: (act: Act, loaded: LoadedConfig) => Promise<Remark | undefined>,
): Promise<number> {
  const actor = actorFor(options.by);
  const dryRun = options.dryRun === true;
  return withDatabase(options.config, async (db, loaded) => {
    let remark: Remark | undefined;
    const changes = await perform(db, { actor, dryRun }, async (started) => {
      // It may be run several times, and the last one counts.
      remark = await work(started, loaded);
    });
    const customers = await namesIn(db, changes);
    answer(options.json, { ...remark?.data, changes, dry_run: dryRun }, () =>
      [...(remark ? [remark.words] : []), told(changes, dryRun, customers)].join('\n'),
    );
    return EXIT.done;
  });
}

/**
 * Reads a number that a row has in the database.
 *
 * @param what it is the number of, as one says it: `a case`
 */
export function readId(text: string, what: string): number {
  const id = idIn(text);
  if (id !== undefined) return id;
  throw new MailcaseError(
    'usage',
    `${JSON.stringify(harmless(text))} is not the number of ${what}: a positive whole number is`,
  );
}
