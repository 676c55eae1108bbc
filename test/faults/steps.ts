import type { Piece } from './tap-proxy.ts';

/** Between the program and which server. */
export type Wire = 'imap' | 'postgres';

/** Before it reaches the server; or when the server has done it, and the program has not heard of it. */
export type Side = 'before' | 'after';

/** A step of a poll as the wires tell it: what the program asks of a server. */
export interface Step {
  /** E.g. `imap UID STORE`, `postgres insert receipts`. */
  readonly name: string;
  readonly side: Side;
}

/** The first that the program does in a poll's own right, by which a poll is known to have begun. */
export const POLL_BEGINS = 'imap SELECT';

/** Tells the steps of a program on its wires, connection by connection. */
export class StepWatch {
  /** What was asked last, and whether the answer is still to come. */
  private readonly asked = new Map<string, { name: string; answered: boolean }>();

  /** @returns the step that this piece is, if it is one: the asking, or the beginning of the answer */
  see(wire: Wire, { connection, from, text }: Piece): Step | undefined {
    const line = `${wire} ${connection}`;
    const last = this.asked.get(line);
    if (from === 'server') {
      if (last?.answered) return undefined;
      // IMAP servers speak first.
      const name = last?.name ?? `${wire} connect`;
      this.asked.set(line, { name, answered: true });
      return { name, side: 'after' };
    }
    const what =
      wire === 'imap'
        ? imapCommand(text, last?.name)
        : (postgresStatement(text, last?.name) ?? firstOf(last));
    if (what === undefined) return undefined;
    const name = `${wire} ${what}`;
    this.asked.set(line, { name, answered: false });
    return { name, side: 'before' };
  }
}

/** Postgres hears from the client first, and that is no statement. */
function firstOf(last: unknown): string | undefined {
  return last === undefined ? 'connect' : undefined;
}

/**
 * The command, without its tag and arguments; FETCH by what is fetched. Right behind SELECT it asks for the last mail that is
 * known, where there is one: whether the folder is still the same.
 */
function imapCommand(text: string, last: string | undefined): string | undefined {
  const command = /^[A-Z0-9]+ ((?:UID )?[A-Z]+)\b(.*)/i.exec(text);
  const verb = command?.[1]?.toUpperCase();
  if (verb === undefined) return undefined;
  if (!verb.endsWith('FETCH')) return verb;
  if (command?.[2]?.includes('BODY.PEEK')) return `${verb} bodies`;
  return `${verb} ${last === 'imap SELECT' ? 'last' : 'sizes'}`;
}

const STATEMENT = /^\s*(begin|commit|rollback|select|insert into|update|delete from|with|lock|set)\b/i;

/**
 * The verb and table of a statement, out of the protocol's Query or Parse message; COMMIT and BEGIN by what stands
 * before them, so that each transaction's is a step of its own.
 */
function postgresStatement(text: string, last = ''): string | undefined {
  const strings = text.slice(5).split('\0', 2);
  const sql = text.startsWith('Q') ? strings[0] : text.startsWith('P') ? strings[1] : undefined;
  const verb = sql && STATEMENT.exec(sql)?.[1]?.toLowerCase();
  if (!verb) return undefined;
  if (verb === 'commit' || verb === 'rollback') return `${verb} after ${last.replace('postgres ', '')}`;
  const table = /\b(?:from|into|update)\s+(?:only\s+)?"?(?!unnest|json)([a-z_]+)/i.exec(sql)?.[1];
  return [verb.replace(/ .*/, ''), table].filter(Boolean).join(' ');
}
