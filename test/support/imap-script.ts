/** What becomes of a line of the server's: another one, several, none, or the end of the connection behind some text. */
export type Changed = string | readonly string[] | { readonly cutAfter: string } | undefined;

/** Cuts the connection in place of a line. */
export const CUT: Changed = { cutAfter: '' };

/** What a client said, as one line with its literals. */
export interface Command {
  readonly tag: string;
  /** Without its tag: `UID FETCH 1:3 (UID)`. Of an answer to `+` (DONE, a password) this is all. */
  readonly text: string;
  /** Which connection of the proxy's, from 1. */
  readonly connection: number;
  readonly user: string | undefined;
}

/** What becomes of a command. Nothing of it: it goes to the server, and its answer comes back as it is. */
export interface Action {
  /** Waits before anything else happens, and lets what the client says after it wait too. */
  readonly delayMs?: number;
  /** Answers itself, and does not ask the server: untagged lines, and as the last one the tagged one without its tag. */
  readonly reply?: string | readonly string[];
  /** Asks the server something else; of several commands, the end of the last one's answer is the end of this one's. */
  readonly send?: string | readonly string[];
  /** Changes the untagged lines (and the `+`) that come until the command is over. */
  readonly untagged?: (line: string) => Changed;
  /** Changes the end of the answer, without its tag: `OK Done.` */
  readonly tagged?: (line: string) => Changed;
  /** Says nothing, ever. */
  readonly swallow?: true;
  /** Cuts the connection. */
  readonly cut?: true;
  /** Says BYE, and ends the connection. */
  readonly bye?: string;
  /**
   * What happens some time after the command was passed on or answered, wherever the client is by then; or only if it
   * idles, as it did then or again.
   */
  readonly later?: {
    readonly isForIdle?: true;
    readonly ms: number;
    readonly say?: string;
    readonly bye?: string;
    readonly cut?: true;
  };
}

export interface Rule {
  /** Which commands, without their tag; /^UID STORE/ for one. */
  readonly command: RegExp;
  /** How many are left alone first. */
  readonly skip?: number;
  /** How many it holds for; all where nothing is said. */
  readonly times?: number;
  /** Undefined leaves the command to the next rule. */
  readonly act: Action | ((command: Command, connection: ScriptedConnection) => Action | undefined);
}

/** What a server does otherwise than the one behind it. */
export interface ImapScript {
  /** Wherever the server tells what it can do: in its greeting, after the login, asked for. */
  readonly capabilities?: (list: readonly string[]) => readonly string[];
  readonly greeting?: (line: string) => Changed;
  /** The first rule that fits a command says what becomes of it. */
  readonly on?: readonly Rule[];
  /** Changes any line without a tag. */
  readonly untagged?: (line: string, connection: ScriptedConnection) => Changed;
}

/** One client's connection, for a test that meddles with it. */
export interface ScriptedConnection {
  readonly number: number;
  /** Who has logged in, or tried to, by LOGIN or PLAIN. */
  readonly user: string | undefined;
  readonly isOpen: boolean;
  /** The command that is an IDLE at the moment. */
  readonly isIdle: boolean;
  /** Sends the client a line. */
  say(line: string): void;
  bye(text: string): void;
  cut(): void;
  /** From now on nothing passes, either way, and nobody is told: as where a firewall has forgotten the connection. */
  silence(): void;
}

/** One change after the other, each on what the one before has left. */
export function changeAll(
  line: string,
  changes: readonly (((line: string) => Changed) | undefined)[],
): Changed {
  let lines: string[] = [line];
  for (const change of changes) {
    if (change === undefined) continue;
    const next: string[] = [];
    for (const each of lines) {
      const changed = change(each);
      if (typeof changed === 'object' && 'cutAfter' in changed) return changed;
      if (changed !== undefined) next.push(...[changed].flat());
    }
    lines = next;
  }
  return lines;
}

/** Changes the list, as an answer of its own or as a response code (RFC 9051, section 7.2.2). */
export function changeCapabilities(
  line: string,
  change: (list: readonly string[]) => readonly string[],
): string {
  const changed = (list: string) => change(list.trim().split(' ')).join(' ');
  return line
    .replace(/^(\* CAPABILITY )(.*)$/i, (_, before: string, list: string) => before + changed(list))
    .replace(/^(\S+ (?:OK|PREAUTH) \[CAPABILITY )([^\]]*)/i, (_, before, list) => before + changed(list));
}

/** What two rules say, of which the second is nearer to the server: it changes an answer first. */
export function together(first: Action, second: Action): Action {
  const { untagged, tagged } = second;
  const outer = first.tagged;
  const untaggedBoth = (line: string) => changeAll(line, [untagged, first.untagged]);
  const taggedBoth = (text: string) => {
    const changed = tagged ? tagged(text) : text;
    return typeof changed === 'string' && outer ? outer(changed) : changed;
  };
  return {
    ...{ ...first, ...second },
    ...((untagged ?? first.untagged) && { untagged: untaggedBoth }),
    ...((tagged ?? outer) && { tagged: taggedBoth }),
  };
}
