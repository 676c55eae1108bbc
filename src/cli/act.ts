import type { LoadedConfig } from '../config/load.ts';
import { type Act, perform } from '../desk/act.ts';
import type { Change, FieldChange, Subject, Value } from '../desk/changes.ts';
import { MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { counted } from '../terminal/words.ts';
import { actorFor } from './actor.ts';
import { answer, EXIT } from './context.ts';
import { withDatabase } from './with-database.ts';

/** What every act takes. */
export interface ActOptions {
  config?: string;
  by?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** Does an act and tells what it has changed, or would change. */
export async function act(
  options: ActOptions,
  work: (act: Act, loaded: LoadedConfig) => Promise<void>,
): Promise<number> {
  const actor = actorFor(options.by);
  const dryRun = options.dryRun === true;
  return withDatabase(options.config, async (db, loaded) => {
    const changes = await perform(db, { actor, dryRun }, (started) => work(started, loaded));
    answer(options.json, { changes, dry_run: dryRun }, () => told(changes, dryRun));
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

/** The number that a text is, if it can be one of a row. */
export function idIn(text: string): number | undefined {
  const id = Number(text);
  return /^\d+$/.test(text) && id > 0 && Number.isSafeInteger(id) ? id : undefined;
}

/** A line for each change. */
export function told(changes: readonly Change[], dryRun: boolean): string {
  if (changes.length === 0) return 'nothing to change: it is like that already';
  return changes.map((change) => (dryRun ? 'would change: ' : '') + line(change)).join('\n');
}

function line(change: Change): string {
  const subject = change.id === null ? `new ${change.of}` : `${change.of} ${change.id}`;
  if ('field' in change) return `${subject}: ${fieldWords(change)}`;
  const { count, gained, from } = change;
  return `${subject}: ${counted(count, ONE_OF[gained], gained)} of ${change.of} ${from}`;
}

const ONE_OF = {
  interactions: 'interaction',
  participants: 'participant',
  addresses: 'address',
  cases: 'case',
} as const;

function fieldWords({ of, field, old, new: value }: Subject & FieldChange): string {
  if (field === 'merged_into' && old === null) return `merged into ${of} ${value}`;
  if (field === 'case_id') return `case ${old} → ${value === null ? 'the new case' : `case ${value}`}`;
  return `${harmless(field)} ${shown(field, old)} → ${shown(field, value)}`;
}

/** Fields whose values people write: they stand in quotes, or one would not see where they end. */
const PROSE = /^(subject|external_id|first_name|last_name|company|phone|custom_fields\..*)$/s;

function shown(field: string, value: Value): string {
  if (value === null) return '(empty)';
  return PROSE.test(field) ? `"${harmless(value)}"` : harmless(value);
}
