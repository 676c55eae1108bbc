import { pipeline } from 'node:stream/promises';
import type { Config, MailboxConfig } from '../config/schema.ts';
import { TRUST_BY_HMAC } from '../config/trust-schema.ts';
import { MailcaseError } from '../errors.ts';
import { createReceiver, judgeSetup } from '../judge/judge.ts';
import type { Directives } from '../rules/directives.ts';
import { harmless } from '../terminal/harmless.ts';
import { newNonce } from '../trust/hmac.ts';
import { signMessage } from '../trust/sign-message.ts';
import { NONCE } from '../trust/signature.ts';
import type { HmacTrust, SigningKey } from '../trust/trust.ts';
import { configFor, EXIT, print, printError } from './context.ts';
import { outputFor, writeOutput } from './output.ts';
import { readMessage } from './read-message.ts';
import { OptionReader } from './read-options.ts';
import { mailboxFor } from './which-mailbox.ts';

export interface SignOptions {
  config?: string;
  mailbox?: string;
  key?: string;
  at?: string;
  nonce?: string;
  header?: boolean;
  output?: string;
}

/** A mailbox whose mail is trusted by signatures. */
interface SigningMailbox {
  readonly mailbox: MailboxConfig;
  readonly hmac: HmacTrust;
}

/** `mailcase sign FILE|-`: the mail with a signature on top, or the signature alone. */
export async function signCommand(file: string, options: SignOptions): Promise<number> {
  const { at, nonce } = readWanted(options);
  const makeOutput = options.header ? undefined : outputFor(options.output, 'a mail');
  const { config } = await configFor(options.config);
  const { mailbox, hmac } = signingMailbox(config, options.mailbox);
  const key = keyFor(hmac, options.key);
  const { mapping } = createReceiver(
    judgeSetup(mailbox, { path: 'INBOX', role: 'inbox' }, config, config.mailboxes),
  );
  const source = await readMessage(file, mailbox.message_bytes, tooLarge(mailbox));
  const signed = signMessage(source, { key, mapping, header: hmac.header, at, nonce });
  if ('refused' in signed) {
    const name = file === '-' ? 'standard input' : file;
    throw new MailcaseError('usage', `cannot sign ${name}: ${harmless(signed.refused)}`);
  }
  for (const doubt of doubtsOf(mapping.read(signed.headers))) printError(`mailcase: warning: ${doubt}`);
  if (makeOutput === undefined) print(signed.field);
  else
    await writeOutput(makeOutput, 'the mail', (sink, signal) => pipeline([signed.source], sink, { signal }));
  return EXIT.done;
}

/** What is signed and will do nothing: whoever signs can still mend it. */
function doubtsOf({ applied, refused }: Directives): string[] {
  if (applied.length + refused.length === 0) {
    return ['the mail has no header field that is an instruction: the signature is of From alone'];
  }
  return refused.map(({ by, value, reason }) => `${by}: ${value} is signed, and will not count: ${reason}`);
}

/** @throws MailcaseError `usage` with everything that cannot be understood */
function readWanted({ at, nonce, header, output }: SignOptions): { at: number; nonce: string } {
  const reader = new OptionReader();
  const moment = reader.moment('at', at) ?? new Date();
  if (nonce !== undefined && !NONCE.test(nonce)) {
    reader.problems.push('--nonce is no nonce: write 16 to 64 letters, digits, - and _');
  }
  if (header && output !== undefined) {
    reader.problems.push('--output is for the mail: --header prints a line to standard output');
  }
  reader.finish();
  return { at: Math.trunc(moment.getTime() / 1000), nonce: nonce ?? newNonce() };
}

/** The mailbox that is meant: the one that is named, or the only one that trusts signatures. */
function signingMailbox({ mailboxes }: Config, name: string | undefined): SigningMailbox {
  const signing = mailboxes.filter((each) => hmacOf(each) !== undefined);
  const mailbox = mailboxFor(name === undefined && signing.length > 0 ? signing : mailboxes, name);
  const hmac = hmacOf(mailbox);
  if (hmac) return { mailbox, hmac };
  throw new MailcaseError(
    'usage',
    `the mailbox ${mailbox.name} trusts no signatures: set \`${TRUST_BY_HMAC}\` in it`,
  );
}

function hmacOf({ trust }: MailboxConfig): HmacTrust | undefined {
  return typeof trust === 'object' ? trust.hmac : undefined;
}

/** The first one is the newest. */
function keyFor({ keys }: HmacTrust, id: string | undefined): SigningKey {
  const key = id === undefined ? keys[0] : keys.find((each) => each.id === id);
  if (key) return key;
  throw new MailcaseError(
    'usage',
    `there is no key of that id: give --key with one of ${keys.map((each) => each.id).join(', ')}`,
  );
}

function tooLarge({ message_bytes }: MailboxConfig): string {
  return (
    `is larger than message_bytes (${message_bytes} bytes): sign its header alone, with an empty body, ` +
    'and put the line of --header on top of it'
  );
}
