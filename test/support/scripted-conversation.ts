import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Action,
  type Changed,
  type Command,
  changeAll,
  changeCapabilities,
  type ImapScript,
  type Rule,
  type ScriptedConnection,
  together,
} from './imap-script.ts';
import { WireReader } from './imap-wire.ts';

/** A rule, and how often it has fitted. */
export interface CountedRule extends Rule {
  seen: number;
}

export const counted = (rule: Rule): CountedRule => ({ ...rule, seen: 0 });

/** What a conversation needs of its proxy. */
export interface Surroundings {
  readonly script: ImapScript;
  readonly number: number;
  readonly note: (command: Command) => void;
  /** In the order in which they have their say, the first that fits of each. */
  readonly rules: () => readonly (readonly CountedRule[])[];
  readonly onSent: (bytes: number) => void;
  readonly onClose: () => void;
}

/** A command that the server has not answered yet. */
interface Outstanding {
  readonly text: string;
  readonly action: Action;
}

/** One client, and the server behind it. */
export class Conversation implements ScriptedConnection {
  user: string | undefined;
  isOpen = true;
  private readonly outstanding = new Map<string, Outstanding>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly clientReader: WireReader;
  private readonly serverReader = new WireReader();
  /** The command whose answers the client's lines are: IDLE (up to DONE) or AUTHENTICATE. */
  private continued: string | undefined;
  /** Commands are looked at one after the other, also where a script waits. */
  private queue: Promise<void> = Promise.resolve();
  private isGreeted = false;
  private isSilent = false;
  private isRaw = false;

  private readonly client: Socket;
  private readonly upstream: Socket;
  private readonly around: Surroundings;

  constructor(client: Socket, upstream: Socket, around: Surroundings) {
    this.client = client;
    this.upstream = upstream;
    this.around = around;
    this.clientReader = new WireReader({
      isClient: true,
      onWaiting: () => this.say('+ OK'),
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => this.cut());
    }
    client.on('data', (bytes: Buffer) => this.hearClient(bytes));
    upstream.on('data', (bytes: Buffer) => this.hearServer(bytes));
  }

  get number(): number {
    return this.around.number;
  }

  get isIdle(): boolean {
    const command = this.continued === undefined ? undefined : this.outstanding.get(this.continued);
    return command !== undefined && /^IDLE$/i.test(command.text);
  }

  say(line: string): void {
    this.toClient(`${line}\r\n`);
  }

  bye(text: string): void {
    this.say(`* BYE ${text}`);
    this.isSilent = true;
    this.client.end();
    this.upstream.destroy();
  }

  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const timer of this.timers) clearTimeout(timer);
    this.client.destroy();
    this.upstream.destroy();
    this.around.onClose();
  }

  silence(): void {
    this.isSilent = true;
  }

  private toClient(text: string): void {
    if (this.isSilent || !this.client.writable) return;
    const bytes = Buffer.from(text, 'latin1');
    this.around.onSent(bytes.length);
    this.client.write(bytes);
  }

  private toServer(text: string): void {
    if (!this.isSilent && this.upstream.writable) this.upstream.write(Buffer.from(`${text}\r\n`, 'latin1'));
  }

  private hearClient(bytes: Buffer): void {
    if (this.isRaw) {
      this.upstream.write(bytes);
      return;
    }
    for (const text of this.clientReader.read(bytes)) {
      this.queue = this.queue.then(() => this.take(text));
    }
  }

  private async take(text: string): Promise<void> {
    if (this.isSilent) return;
    const { note, number } = this.around;
    // A command has a space in it; DONE, a password in base64 and the * that gives up have none.
    if (this.continued !== undefined && !text.includes(' ')) {
      const command = this.outstanding.get(this.continued)?.text ?? '';
      note({ tag: this.continued, text, connection: number, user: this.user });
      if (/^DONE$/i.test(text)) this.continued = undefined;
      else if (/^AUTHENTICATE PLAIN/i.test(command)) this.user = plainUser(text);
      this.toServer(text);
      return;
    }
    const [, tag = '', said = text] = /^(\S+) ([\s\S]*)$/.exec(text) ?? [];
    this.user = loginUser(said) ?? this.user;
    const command = { tag, text: said, connection: number, user: this.user };
    note(command);
    await this.carryOut(command, this.actionFor(command));
  }

  /** The rules of a test first, then those of the server that the proxy is like, which see what those leave of it. */
  private actionFor(command: Command): Action {
    let action: Action = {};
    let asked = command;
    for (const rules of this.around.rules()) {
      action = together(action, this.firstOf(rules, asked) ?? {});
      const { reply, swallow, cut, bye, send } = action;
      if (reply !== undefined || swallow || cut || bye !== undefined || Array.isArray(send)) break;
      if (typeof send === 'string') asked = { ...command, text: send };
    }
    return action;
  }

  private firstOf(rules: readonly CountedRule[], command: Command): Action | undefined {
    for (const rule of rules) {
      if (!rule.command.test(command.text)) continue;
      const { skip = 0, times = Number.POSITIVE_INFINITY } = rule;
      if (rule.seen < skip || rule.seen >= skip + times) {
        rule.seen += 1;
        continue;
      }
      const action = typeof rule.act === 'function' ? rule.act(command, this) : rule.act;
      if (action === undefined) continue;
      rule.seen += 1;
      return action;
    }
    return undefined;
  }

  private async carryOut({ tag, text }: Command, action: Action): Promise<void> {
    const { delayMs, reply, send = text, swallow, cut, bye, later } = action;
    if (delayMs !== undefined) await sleep(delayMs);
    if (!this.isOpen) return;
    if (cut) return this.cut();
    if (bye !== undefined) return this.bye(bye);
    if (later) this.plan(later);
    if (swallow) return;
    if (reply !== undefined) {
      const lines = [reply].flat();
      const last = lines.pop() ?? '';
      for (const line of lines) this.give(changeAll(line, [action.untagged]));
      this.giveTagged(tag, last, action);
      return;
    }
    const asked = [send].flat();
    asked.forEach((each, i) => {
      const isLast = i === asked.length - 1;
      const own = isLast ? tag : `${tag}x${i}`;
      // Of the others, nobody hears how they ended.
      this.outstanding.set(own, { text: each, action: isLast ? action : { tagged: () => undefined } });
      if (/^(IDLE$|AUTHENTICATE )/i.test(each)) this.continued = own;
      this.toServer(`${own} ${each}`);
    });
  }

  private plan({ ms, say, bye, cut, isForIdle }: NonNullable<Action['later']>): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (isForIdle && !this.isIdle) return;
      if (say !== undefined) this.say(say);
      if (bye !== undefined) this.bye(bye);
      if (cut) this.cut();
    }, ms);
    this.timers.add(timer);
  }

  private hearServer(bytes: Buffer): void {
    if (this.isRaw) {
      this.client.write(bytes);
      return;
    }
    for (const line of this.serverReader.read(bytes)) this.pass(line);
    if (this.isRaw) this.toClient(this.serverReader.rest().toString('latin1'));
  }

  /** Passes a line of the server's on, as the script has it. */
  private pass(line: string): void {
    const { script } = this.around;
    const said = script.capabilities ? changeCapabilities(line, script.capabilities) : line;
    if (!this.isGreeted) {
      this.isGreeted = true;
      this.give(script.greeting ? script.greeting(said) : said);
      return;
    }
    const [, tag = '', text = ''] = /^(\S+) ?([\s\S]*)$/.exec(said) ?? [];
    const command = this.outstanding.get(tag);
    if (command === undefined) {
      const changes = [...this.outstanding.values()].map(({ action }) => action.untagged);
      this.give(
        changeAll(said, [...changes, (each) => (script.untagged ? script.untagged(each, this) : each)]),
      );
      return;
    }
    this.outstanding.delete(tag);
    if (this.continued === tag) this.continued = undefined;
    this.giveTagged(tag, text, command.action);
    if (/^STARTTLS$/i.test(command.text) && /^OK/i.test(text)) this.isRaw = true;
  }

  private giveTagged(tag: string, text: string, { tagged }: Action): void {
    const changed = tagged ? tagged(text) : text;
    this.give(typeof changed === 'string' ? `${tag} ${changed}` : changed);
  }

  private give(changed: Changed): void {
    if (changed === undefined) return;
    if (typeof changed === 'object' && 'cutAfter' in changed) {
      this.toClient(changed.cutAfter);
      this.isSilent = true;
      // What was said shall arrive before the end.
      this.client.end(() => this.cut());
      return;
    }
    for (const line of [changed].flat()) this.say(line);
  }
}

function loginUser(command: string): string | undefined {
  const login = /^LOGIN (?:"((?:[^"\\]|\\.)*)"|\{\d+\+\}\r\n(\S+)|(\S+)) /i.exec(command);
  if (login) return (login[1]?.replace(/\\(.)/g, '$1') ?? login[2] ?? login[3])?.toLowerCase();
  const plain = /^AUTHENTICATE PLAIN (\S+)$/i.exec(command);
  return plain?.[1] === undefined ? undefined : plainUser(plain[1]);
}

/** RFC 4616: authorization identity, NUL, who logs in, NUL, password. */
function plainUser(base64: string): string | undefined {
  return Buffer.from(base64, 'base64').toString('utf8').split('\0')[1]?.toLowerCase();
}
