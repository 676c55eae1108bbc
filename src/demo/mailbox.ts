import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';

/** A small IMAP server on loopback that holds the demo's mails. */
export interface DemoMailbox {
  readonly port: number;
  close(): Promise<void>;
}

/** As in config/demo/mailcase.demo.yaml. */
const USER = 'support@lindgren-lamps.example';
const PASSWORD = 'demo-only-not-a-real-password';

/** Without STARTTLS: the certificate that hoodiecrow brings has expired. */
const PLUGINS = [
  'ID',
  'ENABLE',
  'NAMESPACE',
  'UNSELECT',
  'LITERALPLUS',
  'SPECIAL-USE',
  'IDLE',
  'MOVE',
  'UIDPLUS',
];

/** From a checkout (src/demo/) two folders up, from the package (dist/src/demo/) three. */
const PLACES = ['../../config/demo/', '../../../config/demo/'];

/** What we use of hoodiecrow-imap, which has no types of its own. */
type Hoodiecrow = (options: {
  plugins: readonly string[];
  users: Record<string, { password: string }>;
  storage: Record<string, object>;
}) => {
  readonly server: Server;
  listen(port: number, host: string): void;
};

/** A mail as hoodiecrow holds it. */
interface StoredMail {
  readonly raw: string;
  readonly internaldate: string;
}

/** Where the demo's mails and its configuration lie. */
export function demoFolder(): string {
  const folders = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = folders.find((folder) => existsSync(`${folder}mailcase.demo.yaml`));
  if (found !== undefined) return found;
  throw new MailcaseError(
    'usage',
    `the demo's mails are missing (looked for ${folders.join(' and ')}): install mailcase again`,
  );
}

/** Starts the mailbox on a free port. */
export async function startDemoMailbox(): Promise<DemoMailbox> {
  const hoodiecrow = await loadHoodiecrow();
  const messages = await readMails(demoFolder());
  const imap = hoodiecrow({
    plugins: PLUGINS,
    users: { [USER]: { password: PASSWORD } },
    storage: { INBOX: { messages }, '': { folders: {} } },
  });
  const sockets = new Set<Socket>();
  imap.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  imap.listen(0, '127.0.0.1');
  await once(imap.server, 'listening');
  const address = imap.server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the mailbox listens on no port');
  const close = async () => {
    const closed = once(imap.server, 'close');
    imap.server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: address.port, close };
}

async function loadHoodiecrow(): Promise<Hoodiecrow> {
  try {
    // @ts-expect-error: it has no types, and may not be installed.
    return ((await import('hoodiecrow-imap')) as { default: Hoodiecrow }).default;
  } catch (error) {
    const isMissing = errorCode(error) === 'ERR_MODULE_NOT_FOUND';
    const why = isMissing ? 'which is not installed' : `which cannot be loaded (${errorMessage(error)})`;
    throw new MailcaseError(
      'usage',
      `the demo's mailbox needs the optional package hoodiecrow-imap, ${why}: run \`npm install --include=optional\``,
      { cause: error },
    );
  }
}

/** The mails in the order of their names, which is the order in which they arrived. */
async function readMails(folder: string): Promise<StoredMail[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort();
  return Promise.all(
    names.map(async (name) => {
      // hoodiecrow writes each character as one byte, so latin1 brings every byte through as it is.
      const raw = await readFile(`${folder}${name}`, 'latin1');
      return { raw, internaldate: internalDate(raw) };
    }),
  );
}

/**
 * The mail's Date as IMAP writes a date-time (RFC 3501, section 9), in UTC: hoodiecrow's own formatting of a Date is
 * wrong west of Greenwich where the zone has half an hour.
 */
function internalDate(raw: string): string {
  const [, date = ''] = /^Date: (.*)$/m.exec(raw) ?? [];
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(new Date(date).toUTCString()) ?? [];
  return `${day}-${month}-${year} ${time} +0000`;
}
