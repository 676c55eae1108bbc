import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { LimitsConfig, MailboxConfig } from '../config/schema.ts';
import { Keys, LISTED, OTHERS, type Patience, resolverOf } from '../dkim/keys.ts';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import type { FetchedMessage } from '../imap/fetch.ts';
import type { Redaction } from '../message/redact.ts';
import { keepNewest } from '../newest.ts';
import type { FolderRef, Incoming } from '../record/incoming.ts';
import type { Unrecordable } from '../record/quarantine.ts';
import type { Evidence, Verdict } from '../trust/trust.ts';
import { unlessAborted } from '../waiting.ts';
import { evidenceOf } from './evidence.ts';
import {
  createReceiver,
  incomingOf,
  type JudgedBy,
  type JudgedFolder,
  type JudgedMailbox,
  type JudgeSetup,
  judgeSetup,
  type Receiver,
  receive,
  redactionsOf,
  unreadable,
} from './judge.ts';
import { MemoryWatch } from './memory-watch.ts';
import { received as judgementOf } from './sent.ts';
import { isVerifiedHere, withVerification } from './verification.ts';
import type { VerifyAnswer, VerifyTask } from './verify-worker.ts';
import type { Answer, Task } from './worker.ts';

/** Judges one message of a folder. */
export type JudgeMessage = (
  place: FolderRef,
  fetched: FetchedMessage,
  options?: {
    /** As it was found when the message came, where it is judged once more. */
    readonly verdict?: Verdict | undefined;
    /** Gives up waiting: nothing is known of the message then. */
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Incoming | Unrecordable>;

/**
 * Messages are read in threads of their own: what hangs or bloats the reader there is stopped, and the others go on. At
 * least two, so that a message which hangs in one holds nobody up; beyond four, the database is what polls wait for.
 */
const THREADS = Math.min(4, Math.max(2, availableParallelism()));

/** How long a thread without work is kept, in milliseconds: longer than polls are apart, for starting one takes 0.1 s. */
const IDLE_MS = 60_000;

const MEGABYTE = 1024 * 1024;

/** V8's share for what has just been made, in megabytes: it is used up to the end, so a thread takes three times that. */
const YOUNG_GENERATION_MB = 4;

/** What Node says of a thread that has reached V8's limit. */
const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

/** The files that the threads run: compiled, or as they stand in a checkout. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const WORKER = new URL(`./worker${EXTENSION}`, import.meta.url);
const VERIFY_WORKER = new URL(`./verify-worker${EXTENSION}`, import.meta.url);

/** What of the configuration counts for all mailboxes. */
export interface JudgesConfig {
  readonly limits: LimitsConfig;
  readonly mailboxes?: readonly Pick<MailboxConfig, 'trust'>[];
}

/** Work for a thread, and the file that it is done by, where that is not the pool's own. */
type Job = { readonly task: Task } | { readonly task: VerifyTask; readonly filename: string };

/** A message whose reading was broken off, and why. */
interface Stopped {
  readonly stopped: string;
}

/** How the mail of a folder is judged, ready; the threads know the same by its number. */
interface ReadySetup {
  readonly id: number;
  readonly setup: JudgeSetup;
  readonly receiver: Receiver;
}

/** Most setups that are kept ready: there are as many as folders that are polled, and what is beyond is made anew. */
const MAX_SETUPS = 1_000;

/** The threads that messages are judged in, with their limits. Nothing is started before there is a message. */
export class Judges {
  private readonly mailboxes: readonly Pick<MailboxConfig, 'trust'>[];
  private readonly limits: LimitsConfig;
  private readonly worker: URL;
  private pool: Piscina<Job['task'], unknown> | undefined;
  /** By the name servers that are asked. */
  private readonly keys = new Map<string, Keys>();
  /** How many messages are being judged. */
  private running = 0;
  /** How many wait to be judged alone, or are. */
  private wantAlone = 0;
  /** Woken when one has been judged. */
  private readonly waiting: (() => void)[] = [];
  /** How those that run are told that no thread can be started. */
  private readonly attempts = new Set<(error: unknown) => void>();
  /** By what they say, the oldest first. */
  private readonly setups = new Map<string, ReadySetup>();
  private lastSetup = 0;
  private isClosed = false;

  /** @param worker what the threads run */
  constructor({ limits, mailboxes = [] }: JudgesConfig, worker = WORKER) {
    this.limits = limits;
    this.mailboxes = mailboxes;
    this.worker = worker;
  }

  /** What must not be stored of the mail of a mailbox: mail with the secret of another one may come to it too. */
  redactionsFor(mailbox: Pick<MailboxConfig, 'trust'>): readonly Redaction[] {
    return redactionsOf([mailbox, ...this.mailboxes]);
  }

  /** How the mail of a folder is judged. */
  judgeFor(mailbox: JudgedMailbox, folder: JudgedFolder, recording: JudgedBy): JudgeMessage {
    const ready = this.readyFor(judgeSetup(mailbox, folder, recording, this.mailboxes));
    const { id: setupId, setup, receiver: rules } = ready;
    return async (place, fetched, { verdict, signal } = {}) => {
      const message = { ...fetched, source: shared(fetched.source) };
      const byHeader = verdict ? undefined : evidenceOf(rules, message);
      const evidence =
        byHeader && isVerifiedHere(byHeader)
          ? await this.verified(mailbox, rules, message, byHeader, signal)
          : byHeader;
      const received = receive(rules, message, { verdict, evidence });
      try {
        const answer = await this.run<Answer>({ task: { setupId, setup, ...received } }, signal);
        if ('error' in answer) throw new MailcaseError('message_unparsable', answer.error);
        return incomingOf(place, fetched, received, judgementOf(answer.judgement));
      } catch (error) {
        if (error instanceof MailcaseError && error.code === 'message_unparsable') {
          return unreadable(place, fetched, received, error);
        }
        throw error;
      }
    };
  }

  /** Every poll asks; only what was changed in the configuration is made ready anew, here and in the threads. */
  private readyFor(setup: JudgeSetup): ReadySetup {
    // Hashed, for a thousand rules are long.
    const content = createHash('sha256').update(JSON.stringify(setup)).digest('base64');
    const known = this.setups.get(content);
    if (known) return known;
    this.lastSetup += 1;
    const ready = { id: this.lastSetup, setup, receiver: createReceiver(setup) };
    this.setups.set(content, ready);
    keepNewest(this.setups, MAX_SETUPS);
    return ready;
  }

  /** The evidence of a message, with what its signatures come to where they can matter. */
  private verified(
    { authentication: { dns } }: JudgedMailbox,
    { trust }: Receiver,
    message: FetchedMessage,
    evidence: Evidence,
    signal: AbortSignal | undefined,
  ): Promise<Evidence> {
    const { source, receivedAt } = message;
    return withVerification(trust, evidence, message, {
      keys: { look: (name) => this.lookUp(dns, name, signal) },
      othersKeys: { look: (name) => this.lookUp(dns, name, signal, OTHERS) },
      compute: async (candidates) => {
        const job: Job = { task: { candidates, source, receivedAt }, filename: VERIFY_WORKER.href };
        try {
          const answer = await this.run<VerifyAnswer>(job, signal);
          return 'error' in answer ? answer : answer.verified;
        } catch (error) {
          if (error instanceof MailcaseError && error.code === 'message_unparsable')
            return { error: error.message };
          throw error;
        }
      },
    });
  }

  private async lookUp(
    dns: readonly string[] | undefined,
    name: string,
    signal: AbortSignal | undefined,
    patience: Patience = LISTED,
  ) {
    // Apart, for whoever writes could have the keys of those who are listed forgotten.
    const which = `${dns?.join(' ') ?? ''} ${patience.longest}`;
    const keys = this.keys.get(which) ?? new Keys(resolverOf(dns, patience), patience);
    this.keys.set(which, keys);
    const looking = keys.look(name);
    const answer = await (signal ? unlessAborted(looking, signal) : looking);
    if (answer === undefined) throw stopped();
    return answer;
  }

  /** Ends the threads; a message that is being judged fails as stopped, which is not its fault. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.pool?.destroy();
    this.pool = undefined;
  }

  /**
   * A message that was stopped is tried once more, with no other beside it: the machine may have slept or been busy, and
   * whose memory it was cannot be told among several.
   */
  private async run<A extends object>(job: Job, signal: AbortSignal | undefined): Promise<A> {
    const first = await this.inTurn(() => this.attempt<A>(job, signal), { isAlone: false, signal });
    if (!('stopped' in first)) return first;
    const second = await this.inTurn(() => this.attempt<A>(job, signal), { isAlone: true, signal });
    if (!('stopped' in second)) return second;
    throw new MailcaseError('message_unparsable', `cannot be parsed: ${second.stopped}, twice`);
  }

  /** Begins when a thread is free, or all of them where it has to be alone, so that its time counts from its beginning. */
  private async inTurn<A>(
    work: () => Promise<A | Stopped>,
    { isAlone, signal }: { isAlone: boolean; signal: AbortSignal | undefined },
  ): Promise<A | Stopped> {
    if (isAlone) this.wantAlone += 1;
    // Nothing begins beside one that has to be alone, nor before one that waits to be.
    const isBusy = () => (isAlone ? this.running > 0 : this.wantAlone > 0 || this.running >= THREADS);
    try {
      while (isBusy()) await this.untilOneEnds(signal);
      // Between this and the look before it nothing may wait: another one would see the same free thread.
      this.running += 1;
      try {
        if (this.isClosed || signal?.aborted) throw stopped();
        return await work();
      } finally {
        this.running -= 1;
      }
    } finally {
      if (isAlone) this.wantAlone -= 1;
      for (const wake of this.waiting.splice(0)) wake();
    }
  }

  /** @throws MailcaseError `stopped` as soon as nobody waits for the message any more, however long the others take */
  private async untilOneEnds(signal: AbortSignal | undefined): Promise<void> {
    const ended = new Promise<void>((resolve) => this.waiting.push(resolve));
    await (signal ? unlessAborted(ended, signal) : ended);
    if (this.isClosed || signal?.aborted) throw stopped();
  }

  /** @returns what the thread says, or why it was stopped */
  private async attempt<A>(job: Job, signal: AbortSignal | undefined): Promise<A | Stopped> {
    const { parse_time, parse_memory } = this.limits;
    // What it is aborted with says what becomes of the message.
    const abort = new AbortController();
    const stop = (why: string) => abort.abort({ stopped: why } satisfies Stopped);
    const giveUp = (error: unknown) => abort.abort(threadsUnavailable(error));
    const cut = () => abort.abort(stopped());
    const timer = setTimeout(
      () => stop(`it took longer than ${parse_time} ms (limits.parse_time)`),
      parse_time,
    );
    const watch = new MemoryWatch(parse_memory, () => stop(tooMuchMemory(parse_memory)));
    signal?.addEventListener('abort', cut, { once: true });
    this.attempts.add(giveUp);
    try {
      this.pool ??= this.startPool();
      const { task, ...by } = job;
      return (await this.pool.run(task, { ...by, signal: abort.signal })) as A;
    } catch (error) {
      const { reason } = abort.signal;
      if (reason instanceof MailcaseError) throw reason;
      if (abort.signal.aborted) return reason as Stopped;
      if (errorCode(error) === OUT_OF_MEMORY) return { stopped: tooMuchMemory(parse_memory) };
      if (this.isClosed) throw stopped();
      // Whatever else ends a thread, such as a process.exit in a library, was done by the message in it.
      return { stopped: `its thread ended (${errorMessage(error)})` };
    } finally {
      clearTimeout(timer);
      watch.end();
      this.attempts.delete(giveUp);
      signal?.removeEventListener('abort', cut);
    }
  }

  private startPool(): Piscina<Job['task'], unknown> {
    const pool = new Piscina<Job['task'], unknown>({
      filename: this.worker.href,
      minThreads: 0,
      maxThreads: THREADS,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_MS,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.ceil(this.limits.parse_memory / MEGABYTE),
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
    });
    // A thread that cannot be started says so here alone; one that a message ends tells whoever waits for it.
    pool.on('error', (error: unknown) => {
      // Out of memory at the very moment in which it was stopped: nobody waits for that thread any more.
      if (errorCode(error) === OUT_OF_MEMORY) return;
      for (const giveUp of this.attempts) giveUp(error);
    });
    return pool;
  }
}

function tooMuchMemory(bytes: number): string {
  return `it took more than ${Math.round(bytes / MEGABYTE)} MB of memory (limits.parse_memory)`;
}

function threadsUnavailable(error: unknown): MailcaseError {
  const message = `the threads that mail is parsed in cannot be started: ${errorMessage(error)}`;
  return new MailcaseError('parser_threads', message, { cause: error });
}

function stopped(): MailcaseError {
  return new MailcaseError('stopped', 'stopped while a message was parsed');
}

/** Below this, in bytes, a copy costs less than shared memory, of which V8 does not know when it collects garbage. */
const SHARED_BYTES = 256 * 1024;

/**
 * Bytes that are ours to overwrite, and of a large message where both threads see them: a copy for each would be as
 * large again.
 */
function shared(source: Buffer): Buffer {
  if (source.buffer instanceof SharedArrayBuffer) return source;
  if (source.length < SHARED_BYTES) return Buffer.from(source);
  const bytes = Buffer.from(new SharedArrayBuffer(source.length));
  bytes.set(source);
  return bytes;
}
