import { errorMessage, kindOf, MailcaseError } from '../errors.ts';
import { withoutTiming } from './said.ts';
import type { Session } from './session.ts';

/** A selected folder. */
export interface OpenFolder {
  /** As the server has it, below its namespace: one folder has one path, however the configuration spells it. */
  readonly path: string;
  /** RFC 9051, section 2.3.1.1: unsigned 32-bit. */
  readonly uidValidity: number;
  /** No message that comes from now on has a lower UID. */
  readonly uidNext: number;
  /** Whether the server said UIDNEXT; else it is told from what lies in the folder, and goes back where that goes away. */
  readonly isUidNextSaid: boolean;
}

/** Most folders that an error names. */
const MAX_NAMED = 30;

const FOLDER_CURE = 'name one of those in `folders`; if it is one of them, see that the account may open it';

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
    const uidValidity = Number(mailbox.uidValidity);
    session.opened.set(mailbox.path, { uidValidity, uidNext });
    return {
      ...{ path: mailbox.path, uidValidity, uidNext },
      isUidNextSaid: mailbox.uidNext !== undefined,
    };
  } catch (error) {
    throwUnlessRefused(session, error);
    const others = await folderNames(session);
    const there = others === '' ? '' : ` (the folders of this mailbox: ${others})`;
    throw new MailcaseError(
      'imap_folder_missing',
      `cannot open the folder "${path}": ${serverText(error)}${there}`,
      { cause: error, fields: { cure: FOLDER_CURE } },
    );
  }
}

/** The highest UID in the selected folder; 0 where it is empty. Old servers do not say UIDNEXT, which RFC 3501 did not demand. */
export async function highestUid({ client }: Session): Promise<number> {
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

/** The path that the server has for one of the configuration, with the prefix of its namespace (RFC 2342). */
export function serverPath({ client: { namespace } }: Session, path: string): string {
  if (path.toUpperCase() === 'INBOX') return 'INBOX';
  const prefix = namespace?.prefix ?? '';
  return path.startsWith(prefix) ? path : `${prefix}${path}`;
}

/** Whether the server has marked a folder as the one of sent mail (RFC 6154). */
export async function isMarkedSent(session: Session, path: string): Promise<boolean> {
  const folders = await session.client.list();
  return folders.some(
    (folder) => folder.path === serverPath(session, path) && folder.specialUse === '\\Sent',
  );
}

/** Whether a folder can be moved to. */
export async function folderExists(session: Session, path: string): Promise<boolean> {
  try {
    return Boolean(await session.client.status(path, { messages: true }));
  } catch (error) {
    throwUnlessRefused(session, error);
    return false;
  }
}

/** A server that is away, or is to be left alone, has said nothing of any folder. */
function throwUnlessRefused(session: Session, error: unknown): void {
  const failure = session.failure(error);
  if (kindOf(failure) !== 'other') throw failure;
  if (!session.client.usable) throw new MailcaseError('imap_connect', errorMessage(error), { cause: error });
}

/** What the server said, where imapflow kept it. */
export function serverText(error: unknown): string {
  const text = (error as { responseText?: unknown }).responseText;
  return withoutTiming(typeof text === 'string' ? text : errorMessage(error));
}
