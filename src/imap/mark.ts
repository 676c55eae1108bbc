import { MailcaseError } from '../errors.ts';
import type { Session } from './session.ts';

/**
 * Marks messages processed by one STORE.
 *
 * @param flag a system flag such as \Seen
 * @throws MailcaseError `imap_flag_refused` when the folder cannot keep the flag, `imap_command` when STORE failed
 */
export async function markProcessed(
  { client }: Session,
  uids: readonly number[],
  flag: string,
): Promise<void> {
  if (uids.length === 0) return;
  const mailbox = client.mailbox;
  const allowed = mailbox ? mailbox.permanentFlags : undefined;
  if (mailbox && (mailbox.readOnly || (allowed && !allowed.has(flag) && !allowed.has('\\*')))) {
    throw new MailcaseError(
      'imap_flag_refused',
      `the folder ${mailbox.path} cannot keep the flag ${flag} (${mailbox.readOnly ? 'it is read-only' : 'PERMANENTFLAGS'}); ` +
        'the mail is recorded and will not be recorded again. Give the user the right to write flags, or set processed to a flag the folder keeps',
    );
  }
  // imapflow answers false where others throw.
  const stored = await client.messageFlagsAdd([...uids], [flag], { uid: true, silent: true });
  if (!stored) throw new MailcaseError('imap_command', `the server refused to store ${flag}`);
}
