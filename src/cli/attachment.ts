import type { Database } from '../db/connect.ts';
import { MailcaseError } from '../errors.ts';
import { findAttachment, placeOfMail, rawMailPieces, type StoredAttachment } from '../history/attachment.ts';
import { type ListedAttachment, writeAttachment } from '../message/attachment.ts';
import { harmless } from '../terminal/harmless.ts';
import { EXIT, printError } from './context.ts';
import { bytesWords, type Output, outputFor, writeOutput } from './output.ts';
import { idIn } from './read-options.ts';
import { withDatabase } from './with-database.ts';

const HOW_TO_LIST = '`select id, file_name from attachments order by id` lists them';

/** What of a subject is shown, in characters: enough to find the mail by. */
const SHOWN_SUBJECT = 200;

/** `mailcase attachment ID [--output FILE]`: one attachment's bytes, out of the raw mail. */
export async function attachmentCommand(
  idText: string,
  options: { config?: string; output?: string },
): Promise<number> {
  const id = readId(idText);
  const makeOutput = outputFor(options.output, 'an attachment');
  return withDatabase(options.config, async (db) => {
    const attachment = await findAttachment(db, id);
    if (attachment === undefined) return failed(`there is no attachment ${id}: ${HOW_TO_LIST}`);
    const { sha256 } = attachment;
    if (sha256 === null) return failed(await whereLeft(db, id, attachment));
    if (!attachment.hasRawMail) {
      return failed(`attachment ${id} is listed, but its mail is not in raw_messages any more`);
    }
    const output = await copy(db, id, { ...attachment, sha256 }, makeOutput);
    printError(summary(attachment, output));
    return EXIT.done;
  });
}

function readId(text: string): number {
  const id = idIn(text);
  if (id !== undefined) return id;
  throw new MailcaseError(
    'usage',
    `${JSON.stringify(text)} is no attachment's id, which is a positive whole number: ${HOW_TO_LIST}`,
  );
}

/** Where the mail is that an attachment was left in. Its words are a stranger's. */
async function whereLeft(db: Database, id: number, { interactionId }: StoredAttachment): Promise<string> {
  const place = await placeOfMail(db, interactionId);
  const left = `attachment ${id} was left in the mailbox: its mail is larger than message_bytes`;
  if (place === undefined) return left;
  const { mailbox, folder, uid, messageId, subject } = place;
  const facts = [
    `mailbox ${mailbox}`,
    `folder ${folder}`,
    ...(uid === null ? [] : [`UID ${uid}`]),
    ...(messageId === null ? [] : [`Message-ID <${messageId}>`]),
    `subject ${JSON.stringify((subject ?? '').slice(0, SHOWN_SUBJECT))}`,
  ];
  return `${left}; it was read in ${harmless(facts.join(', '))}`;
}

function failed(text: string): number {
  printError(`mailcase: ${text}`);
  return EXIT.failed;
}

/** Copies and checks the bytes. */
function copy(
  db: Database,
  id: number,
  attachment: StoredAttachment & ListedAttachment,
  makeOutput: () => Promise<Output>,
): Promise<Output> {
  return writeOutput(makeOutput, 'the attachment', async (sink, signal) => {
    try {
      await writeAttachment(() => rawMailPieces(db, attachment.interactionId), attachment, sink, signal);
    } catch (error) {
      throw explained(error, id, attachment);
    }
  });
}

function explained(error: unknown, id: number, { interactionId }: StoredAttachment): unknown {
  if (!(error instanceof MailcaseError) || error.code !== 'message_unparsable') return error;
  const look = `select sha256(content) = sha256 from raw_messages where interaction_id = ${interactionId}`;
  return new MailcaseError(
    error.code,
    `attachment ${id}: ${error.message}; whether the mail was changed since it was recorded says \`${look}\``,
    { cause: error },
  );
}

/** One line, of which what strangers wrote cannot make several. */
function summary({ sizeBytes, contentType, fileName }: StoredAttachment, output: Output): string {
  const name = fileName === null ? '' : `, "${harmless(fileName)}"`;
  return `wrote ${bytesWords(sizeBytes)} (${harmless(contentType)}${name}) to ${output.name}`;
}
