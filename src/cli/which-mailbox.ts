import type { FolderConfig, MailboxConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';

/** The mailbox that is meant: the one that is named, or the only one. */
export function mailboxFor(mailboxes: readonly MailboxConfig[], name: string | undefined): MailboxConfig {
  const [found, ...others] = mailboxesFor(mailboxes, name);
  if (found && others.length === 0) return found;
  throw new MailcaseError('usage', `which mailbox? ${choiceOf(mailboxes)}`);
}

/** The mailboxes that are meant: the one that is named, or all. */
export function mailboxesFor(
  mailboxes: readonly MailboxConfig[],
  name: string | undefined,
): readonly MailboxConfig[] {
  if (name === undefined) return mailboxes;
  const found = mailboxes.filter((each) => each.name === name);
  if (found.length > 0) return found;
  throw new MailcaseError('usage', `there is no mailbox ${name}: ${choiceOf(mailboxes)}`);
}

function choiceOf(mailboxes: readonly MailboxConfig[]): string {
  return `give --mailbox with one of ${mailboxes.map((each) => each.name).join(', ')}`;
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
