import { MailcaseError } from '../errors.ts';
import type { Session } from './session.ts';

/** UIDs of the messages without \Seen, ascending, which is the order of their arrival (RFC 3501, section 2.3.1.1). */
export async function searchUnseen({ client }: Session): Promise<number[]> {
  const found = await client.search({ seen: false }, { uid: true });
  // false is not "none": the server refused, or no folder is selected.
  if (!Array.isArray(found)) throw new MailcaseError('imap_command', 'the server refused UID SEARCH UNSEEN');
  return [...found].sort((a, b) => a - b);
}
