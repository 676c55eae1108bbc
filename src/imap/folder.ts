import { errorMessage, MailcaseError } from '../errors.ts';
import type { Session } from './session.ts';

/** A selected folder. */
export interface OpenFolder {
  readonly path: string;
  /** RFC 3501, section 2.3.1.1: unsigned 32-bit. */
  readonly uidValidity: number;
}

/** Selects a folder, so that flags can be stored in it. */
export async function openFolder({ client }: Session, path: string): Promise<OpenFolder> {
  try {
    const mailbox = await client.mailboxOpen(path);
    return { path: mailbox.path, uidValidity: Number(mailbox.uidValidity) };
  } catch (error) {
    if (!client.usable) throw new MailcaseError('imap_connect', errorMessage(error), { cause: error });
    throw new MailcaseError(
      'imap_folder_missing',
      `cannot open the folder ${path}: ${serverText(error)} (see folders in the configuration)`,
      { cause: error },
    );
  }
}

/** What the server said, where imapflow kept it. */
export function serverText(error: unknown): string {
  const text = (error as { responseText?: unknown }).responseText;
  return typeof text === 'string' ? text : errorMessage(error);
}
