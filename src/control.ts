import { randomUUID } from 'node:crypto';
import { MailcaseError } from './errors.ts';
import type { JudgeMessage } from './judge/judges.ts';
import type { FolderRef, Incoming } from './record/incoming.ts';

/** UIDs end here (RFC 9051, section 2.3.1.1), and no mailbox has ever come so far. */
const LAST_UID = 2 ** 32 - 1;

/**
 * Makes a plain message of nobody's, read as any other of the folder: where not even this one can be read and recorded,
 * no message is to blame.
 *
 * @throws MailcaseError `recording_broken` where it cannot be read
 */
export async function controlMessage(judge: JudgeMessage, folder: FolderRef): Promise<Incoming> {
  const source = Buffer.from(CONTROL.replace('ID', randomUUID()));
  const fetched = { uid: LAST_UID, sizeBytes: source.length, receivedAt: new Date(), source };
  const outcome = await judge(folder, fetched);
  // A rule that skips every mail would leave nothing to be tried.
  if (!('error' in outcome)) return { ...outcome, directives: { ...outcome.directives, byRules: undefined } };
  throw new MailcaseError(
    'recording_broken',
    `no message can be read, not even one made to try it, so none is to blame: ${outcome.error}`,
  );
}

const CONTROL = [
  'From: Control <control@mailcase.invalid>',
  'To: nobody@mailcase.invalid',
  'Subject: control message',
  'Message-ID: <ID@mailcase.invalid>',
  'Date: Mon, 09 Nov 2026 08:15:00 +0000',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=part',
  '',
  '--part',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'It is recorded and taken back, to tell whether messages can be recorded.',
  '--part',
  'Content-Type: application/octet-stream; name=control.bin',
  'Content-Disposition: attachment; filename=control.bin',
  '',
  'control',
  '--part--',
  '',
].join('\r\n');
