import { createHash } from 'node:crypto';
import type { FolderConfig, MailboxConfig, RecordingConfig } from '../config/schema.ts';
import { version } from '../version.ts';

/**
 * Stands for all by which the headers of a folder's mail are read: what was replayed with it has nothing new to say. Of a
 * secret, the header's name is a part of it (that header is never an instruction), and the secret itself is not.
 *
 * @returns 32 bytes
 */
export function rulesKey(
  { name, own, trust }: Pick<MailboxConfig, 'name' | 'own' | 'trust'>,
  { path, role }: Pick<FolderConfig, 'path' | 'role'>,
  { headers }: Pick<RecordingConfig, 'headers'>,
): Buffer {
  const secretHeader = typeof trust === 'object' ? (trust.secret?.header ?? null) : null;
  const said = { version: version(), mailbox: name, own, secretHeader, path, role, headers };
  return createHash('sha256').update(JSON.stringify(said)).digest();
}
