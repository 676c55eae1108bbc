import type { FolderConfig, MailboxConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';

/** The mailbox that is meant: the one that is named, or the only one. */
export function mailboxFor(mailboxes: readonly MailboxConfig[], name: string | undefined): MailboxConfig {
  const [only] = mailboxes;
  const found =
    name === undefined && mailboxes.length === 1 ? only : mailboxes.find((each) => each.name === name);
  if (found) return found;
  const names = mailboxes.map((each) => each.name).join(', ');
  throw new MailcaseError(
    'usage',
    `${name === undefined ? 'which mailbox?' : `there is no mailbox ${name}:`} give --mailbox with one of ${names}`,
  );
}

/** The configured folder that is meant: the one that is named, or the first. */
export function folderFor({ name, folders }: MailboxConfig, path: string | undefined): FolderConfig {
  const found = path === undefined ? folders[0] : folders.find((each) => each.path === path);
  if (found) return found;
  const paths = folders.map((each) => each.path).join(', ');
  throw new MailcaseError(
    'usage',
    `${path} is no configured folder of the mailbox ${name}: give --folder with one of ${paths}`,
  );
}
