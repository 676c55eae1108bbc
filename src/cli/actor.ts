import { userInfo } from 'node:os';
import { MailcaseError } from '../errors.ts';
import { byteLength, storableLine } from '../message/text.ts';
import { harmless } from '../terminal/harmless.ts';

/** A person's name, in bytes: it stands in a line of a case's history. */
const LONGEST_NAME = 255;

/**
 * Under which name an act is kept: as said by --by, else who called sudo, else the user of the operating system.
 *
 * @throws MailcaseError `usage` where there is no such name
 */
export function actorFor(by: string | undefined, sudoUser = process.env.SUDO_USER): string {
  const name = storableLine(harmless(by ?? (sudoUser || systemUser())));
  if (name === '') throw new MailcaseError('usage', 'nobody acts: say who you are with --by NAME');
  if (byteLength(name) > LONGEST_NAME) {
    throw new MailcaseError('usage', `--by is longer than ${LONGEST_NAME} bytes: give a name`);
  }
  return name;
}

/** A container may run under a number that has no name. */
function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
