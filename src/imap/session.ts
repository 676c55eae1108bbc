import { ImapFlow } from 'imapflow';
import type { ImapConfig } from '../config/schema.ts';
import { errorCode, errorMessage, type MailcaseError } from '../errors.ts';
import { commandError, connectError, refusalError } from './failures.ts';
import { Heard } from './heard.ts';
import { type Login, type LoginSource, passwordOf } from './login.ts';
import { SharedMemory } from './shared-memory.ts';
import { encryptionOf } from './tls.ts';
import { UidLimit } from './uid-limit.ts';

/** Exchange has been seen to take 30 s to log in; its greeting and a busy server's handshake take long as well. */
const CONNECT_TIMEOUT_MS = 90_000;
const GREETING_TIMEOUT_MS = 60_000;

/** A server that says nothing for so long in the middle of a command is gone. */
const SOCKET_TIMEOUT_MS = 120_000;

/** How long a server may take to answer our farewell. */
const LOGOUT_TIMEOUT_MS = 3_000;

/** Room for what stands around a message in the answer to FETCH, or for a piece of a larger one (see fetch-large.ts). */
const RESPONSE_OVERHEAD_BYTES = 1024 * 1024;

/**
 * RFC822.SIZE is an estimate at some servers. A message that is longer than it was said to be must not end the
 * connection, poll after poll, but be fetched and judged by what it is.
 */
export const SIZE_ERROR = 2;

/** Lines for the log, so that this room needs no logger of its own: a static message and fields. */
export type Note = (level: 'debug' | 'warn', message: string, fields: Record<string, unknown>) => void;

/** By what it is seen that a folder has got mail, or was made anew. */
export interface FolderMark {
  readonly uidValidity: number;
  readonly uidNext: number;
}

/** A logged-in IMAP connection. It cannot be opened again after it closed: make a new one. */
export interface Session {
  readonly client: ImapFlow;
  readonly imap: ImapConfig;
  /** What the server has said beside its answers. */
  readonly heard: Heard;
  /** When it was opened, by performance.now(). */
  readonly since: number;
  /** For the large messages that are fetched over it. */
  readonly memory: SharedMemory;
  /** How many UIDs go into one command. */
  readonly uidLimit: UidLimit;
  /** Whether the server answered the last command with BAD: it did not understand it, and did nothing of it. */
  isRefusedAsBad(): boolean;
  /** How much the server has said so far, in bytes, where it was compressed before it was. */
  received(): number;
  /** The file of the authority of the operator's own that vouches for the server; undefined where it is a known one. */
  authority(): string | undefined;
  /** What a command failed with, in words of ours: what it means, and how to mend it. */
  failure(error: unknown): unknown;
  /** How each folder was when it was last opened over it, by the path that the server has for it. */
  readonly opened: Map<string, FolderMark>;
  /** Says something, so that neither side takes the other for gone. */
  keepAlive(): Promise<void>;
  /** Whether it has not been closed, by either side, as far as we know. */
  isOpen(): boolean;
  /** Logs out, politely; where no answer comes in time, the connection is closed. */
  logout(): Promise<void>;
  /** Cuts the connection; whatever command is under way fails at once. */
  close(): void;
}

/**
 * Connects and logs in. Where the server refuses a login that was good until now, as a token that somebody revoked, a
 * newer one is tried once.
 *
 * @param maxMessageBytes the largest message that will be fetched whole; the server cannot make us hold more
 * @param signal cuts the attempt short, whose own limits are longer than many a deadline
 * @throws MailcaseError `imap_connect`, `imap_credentials` or `imap_throttled`; `imap_command` where the server did not
 *   take the login for a command
 */
export async function openSession(
  imap: ImapConfig,
  maxMessageBytes: number,
  note: Note,
  signal: AbortSignal,
  logins: LoginSource = passwordOf(imap),
): Promise<Session> {
  const login = await logins.next(signal);
  try {
    return await connect(imap, login, maxMessageBytes, note, signal);
  } catch (error) {
    if (errorCode(error) !== 'imap_credentials') throw error;
    const newer = await logins.afterRefusal(login, signal);
    if (newer === undefined) throw error;
    return await connect(imap, newer, maxMessageBytes, note, signal);
  }
}

async function connect(
  imap: ImapConfig,
  login: Login,
  maxMessageBytes: number,
  note: Note,
  signal: AbortSignal,
): Promise<Session> {
  const encryption = encryptionOf(imap);
  // Not at once: the line is imapflow's to read first.
  const heard = new Heard(imap.provider, () => setImmediate(() => client.close()));
  const client = new ImapFlow({
    host: imap.host,
    port: imap.port,
    secure: imap.tls === 'implicit',
    // Without it a stripped STARTTLS would go on in the clear.
    doSTARTTLS: imap.tls === 'starttls',
    auth: {
      user: imap.user,
      ...('password' in login ? { pass: login.password } : { accessToken: login.accessToken }),
    },
    clientInfo: { name: 'mailcase' },
    tls: encryption.options,
    ...(imap.proxy !== undefined && { proxy: imap.proxy }),
    logger: libraryLogger(note, heard),
    disableAutoIdle: true,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxLiteralSize: maxMessageBytes * SIZE_ERROR + RESPONSE_OVERHEAD_BYTES,
    maxResponseSize: maxMessageBytes * SIZE_ERROR + 2 * RESPONSE_OVERHEAD_BYTES,
  });
  if ('mechanism' in login) onlyWith(client, login.mechanism);
  // Without a listener an 'error' ends the process; the command under way is rejected with it anyway.
  client.on('error', (error: unknown) =>
    note('debug', 'imap connection failed', { reason: errorMessage(error) }),
  );
  const cut = () => client.close();
  signal.addEventListener('abort', cut, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    heard.loggedIn();
  } catch (error) {
    client.close();
    throw connectError(imap, error, heard);
  } finally {
    signal.removeEventListener('abort', cut);
  }
  return {
    client,
    imap,
    heard,
    failure: (error) => commandError(imap, error, heard),
    since: performance.now(),
    memory: new SharedMemory(),
    uidLimit: new UidLimit(imap.uids_per_command, (fields) =>
      note('warn', 'the server takes fewer UIDs in one command, see uids_per_command', fields),
    ),
    isRefusedAsBad: () => client.usable && !heard.throttled && heard.refused?.status === 'BAD',
    received: () => client.stats().received,
    authority: encryption.authority,
    opened: new Map(),
    keepAlive: () => client.noop(),
    isOpen: () => client.usable,
    logout: () => logOut(client),
    close: () => client.close(),
  };
}

/** imapflow takes OAUTHBEARER where it is offered; whoever wants the other one has to have it not offered. */
function onlyWith(client: ImapFlow, mechanism: 'xoauth2' | 'oauthbearer' | undefined): void {
  if (mechanism === undefined) return;
  const others = MECHANISMS.filter((name) => name !== `AUTH=${mechanism.toUpperCase()}`);
  const has = (name: string) => !others.includes(name.toUpperCase());
  let offered = client.capabilities;
  Object.defineProperty(client, 'capabilities', {
    get: () => offered,
    set: (said: typeof offered) => {
      offered = new Map([...said].filter(([name]) => has(name)));
    },
  });
}

/** XOAUTH is what imapflow takes for XOAUTH2 as well. */
const MECHANISMS = ['AUTH=OAUTHBEARER', 'AUTH=XOAUTH2', 'AUTH=XOAUTH'];

/** The work is done by then, so a server that keeps silent, or breaks off, holds nothing up. */
async function logOut(client: ImapFlow): Promise<void> {
  const limit = setTimeout(() => client.close(), LOGOUT_TIMEOUT_MS);
  try {
    await client.logout();
  } catch {
    client.close();
  } finally {
    clearTimeout(limit);
  }
}

/**
 * Opens a session, works in it, and closes it whatever happens.
 *
 * @param signal cuts it off, whatever command is under way
 * @throws MailcaseError `imap_connect` where the connection ends in the middle of the work, `imap_throttled` where the
 *   server asks to be left alone, `imap_command` for what else it refuses
 */
export async function inSession<T>(
  imap: ImapConfig,
  maxMessageBytes: number,
  note: Note,
  signal: AbortSignal,
  logins: LoginSource,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(imap, maxMessageBytes, note, signal, logins);
  try {
    return await overSession(session, signal, work);
  } finally {
    session.close();
  }
}

/**
 * Works in a session, which is closed where the work fails.
 *
 * @param signal cuts it off, whatever command is under way
 * @throws MailcaseError `imap_connect` where the connection ends in the middle of the work
 */
export async function overSession<T>(
  session: Session,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const close = () => session.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    signal.throwIfAborted();
    return await work(session);
  } catch (error) {
    const failure = session.failure(error);
    session.close();
    throw failure;
  } finally {
    signal.removeEventListener('abort', close);
  }
}

/** imapflow answers false where the server refuses, and where the connection is gone, which says nothing of the server. */
export function refusal({ client, imap, heard }: Session, what: string): MailcaseError {
  return refusalError(imap, heard, what, client.mailbox !== false);
}

/**
 * imapflow's log, without the lines of the protocol (`src` says which side wrote them): those carry mail and, before
 * hiding, credentials. What the server says of itself is heard from them.
 */
function libraryLogger(note: Note, heard: Heard) {
  const pass = (level: 'debug' | 'warn') => (line: unknown) => {
    if (typeof line !== 'object' || line === null) return;
    const { src, msg, err } = line as { src?: unknown; msg?: unknown; err?: unknown };
    if (src === 's' && typeof msg === 'string') heard.hear(msg);
    if (src !== undefined) return;
    note(level, 'imap library', {
      detail: typeof msg === 'string' ? msg : undefined,
      reason: err && errorMessage(err),
    });
  };
  const debug = pass('debug');
  return { trace: () => {}, debug, info: debug, warn: debug, error: debug, fatal: pass('warn') };
}
