import { createHash } from 'node:crypto';
import type { Config, FolderConfig, MailboxConfig } from '../config/schema.ts';
import { version } from '../version.ts';

/**
 * Stands for all by which the headers of a folder's mail are read: what was replayed with it has nothing new to say. Of a
 * secret or a signature, the header's name is a part of it (that header is never an instruction), and the secret is not.
 *
 * @returns 32 bytes
 */
export function rulesKey(
  { name, own }: Pick<MailboxConfig, 'name' | 'own'>,
  { path, role }: Pick<FolderConfig, 'path' | 'role'>,
  { headers, rules, mailboxes }: Pick<Config, 'headers' | 'rules' | 'mailboxes'>,
): Buffer {
  const excepted = mailboxes.flatMap(({ trust }) =>
    typeof trust === 'object' ? [trust.secret?.header, trust.hmac?.header] : [],
  );
  const said = { version: version(), mailbox: name, own, excepted, path, role, headers, rules };
  return createHash('sha256').update(JSON.stringify(said)).digest();
}
