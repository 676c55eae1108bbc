import { MailcaseError } from '../errors.ts';
import { type Dropped, dropEntries } from '../quarantine/drop.ts';
import { harmless } from '../terminal/harmless.ts';
import { type ActOptions, readId } from './act.ts';
import { actorFor } from './actor.ts';
import { answer, EXIT } from './context.ts';
import { withDatabase } from './with-database.ts';

/** `mailcase quarantine drop ID…` */
export async function quarantineDropCommand(words: readonly string[], options: ActOptions): Promise<number> {
  if (words.length === 0) {
    throw new MailcaseError('usage', 'which entries? Give their numbers, e.g. mailcase quarantine drop 3');
  }
  const ids = words.map((word) => readId(word, 'an entry in quarantine'));
  const setting = { actor: actorFor(options.by), dryRun: options.dryRun === true };
  return withDatabase(options.config, async (db) => {
    const dropped = await dropEntries(db, ids, setting);
    answer(options.json, { dropped, dry_run: setting.dryRun }, () =>
      dropped.map((each) => `entry ${each.id}: ${outcomeWords(each, setting.dryRun)}`).join('\n'),
    );
    return EXIT.done;
  });
}

function outcomeWords({ outcome, is_kept_out, error }: Dropped, dryRun: boolean): string {
  if (outcome === 'resolved') return `nothing to do: ${harmless(error ?? '')}`;
  const said = dryRun ? 'would be dropped' : 'dropped';
  return is_kept_out
    ? said
    : `${said}; its bytes were never here, so it comes back should UIDVALIDITY of its folder change`;
}
