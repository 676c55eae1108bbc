import { open, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import type { Database } from '../db/connect.ts';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { findAttachment, placeOfMail, rawMailPieces, type StoredAttachment } from '../history/attachment.ts';
import { type ListedAttachment, writeAttachment } from '../message/attachment.ts';
import { harmless } from '../terminal/harmless.ts';
import { EXIT, printError } from './context.ts';
import { idIn } from './read-options.ts';
import { withDatabase } from './with-database.ts';

const HOW_TO_LIST = '`select id, file_name from attachments order by id` lists them';

/** What comes from strangers is for the operator alone. */
const FILE_MODE = 0o600;

/** What of a subject is shown, in characters: enough to find the mail by. */
const SHOWN_SUBJECT = 200;

/** Where an attachment is written to. */
interface Output {
  /** As it is told to the operator. */
  readonly name: string;
  readonly sink: Writable;
  /** Takes back what was written, where that can be done. */
  discard(): Promise<void>;
}

/** `mailcase attachment ID [--output FILE]`: one attachment's bytes, out of the raw mail. */
export async function attachmentCommand(
  idText: string,
  options: { config?: string; output?: string },
): Promise<number> {
  const id = readId(idText);
  const file = options.output === '-' ? undefined : options.output;
  if (file === undefined && process.stdout.isTTY) {
    throw new MailcaseError(
      'usage',
      'the bytes of an attachment are not for a terminal: give --output FILE, or send them into a pipe',
    );
  }
  return withDatabase(options.config, async (db) => {
    const attachment = await findAttachment(db, id);
    if (attachment === undefined) return failed(`there is no attachment ${id}: ${HOW_TO_LIST}`);
    const { sha256 } = attachment;
    if (sha256 === null) return failed(await whereLeft(db, id, attachment));
    if (!attachment.hasRawMail) {
      return failed(`attachment ${id} is listed, but its mail is not in raw_messages any more`);
    }
    const makeOutput = async () => (file === undefined ? standardOutput() : newFile(file));
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

/** Writes whole chunks and waits for each, so that a slow reader holds back the database too. */
function standardOutput(): Output {
  // The write that failed says so as well; without a listener, the process would end here.
  process.stdout.on('error', () => {});
  const sink = new Writable({ write: (chunk, _encoding, done) => void process.stdout.write(chunk, done) });
  return { name: 'standard output', sink, discard: async () => {} };
}

/** Never a name from the mail, and never over something that is there. */
async function newFile(path: string): Promise<Output> {
  const file = await open(path, 'wx', FILE_MODE).catch((error: unknown) => {
    throw new MailcaseError(
      'usage',
      errorCode(error) === 'EEXIST'
        ? `${path} is there already and is not written over: give another --output, or remove it first`
        : `cannot make the file of --output: ${errorMessage(error)}`,
      { cause: error },
    );
  });
  const discard = async () => {
    await file.close().catch(() => {});
    await rm(path, { force: true });
  };
  return { name: path, sink: file.createWriteStream(), discard };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Copies and checks the bytes. When that fails, or somebody stops it, no half of an attachment is left behind. */
async function copy(
  db: Database,
  id: number,
  attachment: StoredAttachment & ListedAttachment,
  makeOutput: () => Promise<Output>,
): Promise<Output> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  // Before there is a file that would be left behind.
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const output = await makeOutput();
    try {
      const openSource = () => rawMailPieces(db, attachment.interactionId);
      await writeAttachment(openSource, attachment, output.sink, stop.signal);
      return output;
    } catch (error) {
      await output.discard();
      if (stop.signal.aborted) throw new MailcaseError('stopped', 'stopped before the end of the attachment');
      throw explained(error, id, attachment, output);
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

function explained(error: unknown, id: number, { interactionId }: StoredAttachment, output: Output): unknown {
  if (errorCode(error) === 'EPIPE') {
    return new MailcaseError('stopped', `${output.name} was closed before the end of the attachment`);
  }
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
  const size = sizeBytes === 1 ? '1 byte' : `${sizeBytes.toLocaleString('en-US')} bytes`;
  const name = fileName === null ? '' : `, "${harmless(fileName)}"`;
  return `wrote ${size} (${harmless(contentType)}${name}) to ${output.name}`;
}
