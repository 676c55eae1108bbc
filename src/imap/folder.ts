import { errorMessage, MailcaseError } from '../errors.ts';
import type { Session } from './session.ts';

/** A selected folder. */
export interface OpenFolder {
  readonly path: string;
  /** RFC 9051, section 2.3.1.1: unsigned 32-bit. */
  readonly uidValidity: number;
  /** No message that comes from now on has a lower UID. */
  readonly uidNext: number;
}

/** Most folders that an error names. */
const MAX_NAMED = 30;

/**
 * Selects a folder.
 *
 * @param path as the server shows it, in Unicode
 * @param options.readOnly opens it so that nothing in it can change (EXAMINE)
 * @throws MailcaseError `imap_folder_missing`, with the folders that there are
 */
export async function openFolder(
  session: Session,
  path: string,
  options: { readOnly?: boolean } = {},
): Promise<OpenFolder> {
  const { client } = session;
  try {
    const mailbox = await client.mailboxOpen(path, { readOnly: options.readOnly === true });
    const uidNext = mailbox.uidNext ?? (await highestUid(session)) + 1;
    return { path: mailbox.path, uidValidity: Number(mailbox.uidValidity), uidNext };
  } catch (error) {
    if (!client.usable) throw new MailcaseError('imap_connect', errorMessage(error), { cause: error });
    const others = await folderNames(session);
    const there = others === '' ? '' : `; the folders of this mailbox: ${others}`;
    throw new MailcaseError(
      'imap_folder_missing',
      `cannot open the folder ${path}: ${serverText(error)} (see folders in the configuration${there})`,
      { cause: error },
    );
  }
}

/** Old servers do not say UIDNEXT, which RFC 3501 did not demand. */
async function highestUid({ client }: Session): Promise<number> {
  const last = await client.fetchOne('*', { uid: true });
  return last ? last.uid : 0;
}

/** What the folders are called; beside the special ones what they are for (RFC 6154), since `Sent` has many names. */
async function folderNames({ client }: Session): Promise<string> {
  try {
    const names = (await client.list())
      .filter(({ flags }) => !flags.has('\\Noselect'))
      .map(({ path, specialUse }) =>
        specialUse && specialUse !== '\\Inbox' ? `${path} (${specialUse})` : path,
      );
    return [...names.slice(0, MAX_NAMED), ...(names.length > MAX_NAMED ? ['…'] : [])].join(', ');
  } catch {
    return '';
  }
}

/** Whether a folder can be moved to. */
export async function folderExists({ client }: Session, path: string): Promise<boolean> {
  try {
    return Boolean(await client.status(path, { messages: true }));
  } catch (error) {
    if (!client.usable) throw new MailcaseError('imap_connect', errorMessage(error), { cause: error });
    return false;
  }
}

/** What the server said, where imapflow kept it. */
export function serverText(error: unknown): string {
  const text = (error as { responseText?: unknown }).responseText;
  return typeof text === 'string' ? text : errorMessage(error);
}
