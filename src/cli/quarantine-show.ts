import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Database } from '../db/connect.ts';
import { MailcaseError } from '../errors.ts';
import { type Entry, findEntry } from '../quarantine/entries.ts';
import { printEntry } from '../quarantine/print-entry.ts';
import { stepsFor } from '../quarantine/steps.ts';
import { contentPieces } from '../quarantine/waiting-entry.ts';
import { optionsFor } from '../terminal/style.ts';
import { readId } from './act.ts';
import { answer, EXIT, printError } from './context.ts';
import { bytesWords, outputFor, writeOutput } from './output.ts';
import { withDatabase } from './with-database.ts';

export interface QuarantineShowOptions {
  config?: string;
  raw?: boolean;
  output?: string;
  json?: boolean;
}

/** `mailcase quarantine show ID [--raw]` */
export async function quarantineShowCommand(idText: string, options: QuarantineShowOptions): Promise<number> {
  const id = readId(idText, 'an entry in quarantine');
  if (options.output !== undefined && options.raw !== true) {
    throw new MailcaseError('usage', '--output is for the bytes of the mail: add --raw');
  }
  if (options.raw === true && options.json === true) {
    throw new MailcaseError(
      'usage',
      '--raw gives the bytes of the mail and --json what is known of it: give one of them',
    );
  }
  const makeOutput = options.raw === true ? outputFor(options.output, 'a mail') : undefined;
  return withDatabase(options.config, async (db) => {
    const entry = await findEntry(db, id);
    if (entry === undefined) {
      printError(
        `mailcase: there is no entry ${id} in quarantine: \`mailcase quarantine list\` has their numbers`,
      );
      return EXIT.failed;
    }
    if (makeOutput) return writeRaw(db, entry, makeOutput);
    const steps = stepsFor(entry);
    answer(options.json, { ...entry, what_to_do: steps }, () =>
      printEntry(entry, steps, optionsFor(process.stdout)),
    );
    return EXIT.done;
  });
}

async function writeRaw(
  db: Database,
  { id, content_bytes, interaction_id }: Entry,
  makeOutput: ReturnType<typeof outputFor>,
): Promise<number> {
  if (content_bytes === null) {
    const where =
      interaction_id === null
        ? 'they were never fetched, or dropped'
        : `they are with interaction ${interaction_id}`;
    printError(`mailcase: the bytes of entry ${id} are not in quarantine: ${where}`);
    return EXIT.failed;
  }
  const output = await writeOutput(makeOutput, 'the mail', (sink, signal) =>
    pipeline(Readable.from(contentPieces(db, id)), sink, { signal }),
  );
  printError(`wrote ${bytesWords(content_bytes)} to ${output.name}`);
  return EXIT.done;
}
