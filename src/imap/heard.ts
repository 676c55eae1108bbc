import type { Provider } from '../config/provider.ts';
import { refusalOf } from './refusals.ts';
import { asksToSlowDown, type Said, statusLine } from './said.ts';

/**
 * What a server says in one session, of what imapflow does not hand on: it answers `false` to a refusal whose words are in
 * its log alone, keeps no response code of a BYE, takes no notice of a success that asks to slow down, and asks again, for
 * minutes, where it is asked to leave the server alone.
 */
export class Heard {
  /** Why the command that was answered last was refused; undefined where it was done. */
  refused: Said | undefined;
  /** The server's farewell, where it was not asked for. */
  bye: Said | undefined;
  /** That it wants to be left alone, whatever else it may say. */
  throttled: Said | undefined;
  /** Until the login is done. */
  private at: Said['at'] = 'login';
  private readonly provider: Provider;
  private readonly onThrottled: () => void;
  private readonly slowing = new AbortController();

  /** @param onThrottled ends the connection, of which there is no use any more */
  constructor(provider: Provider, onThrottled: () => void) {
    this.provider = provider;
    this.onThrottled = onThrottled;
  }

  /** Aborted when the server has asked to slow down, while it does what it is asked to. */
  get slowDown(): AbortSignal {
    return this.slowing.signal;
  }

  loggedIn(): void {
    this.at = 'session';
  }

  /** @param line as the server wrote it, without literals */
  hear(line: string): void {
    const told = statusLine(line);
    if (told === undefined) return;
    const { tag, status, code, text } = told;
    if (asksToSlowDown(told)) this.slowing.abort();
    if (status === 'BYE') {
      this.bye = { at: this.at, status, code, text };
      this.note(this.bye);
    }
    // Without a tag, NO and BAD are warnings, and say nothing of any command (RFC 9051, section 7.1).
    if (tag === '*') return;
    this.refused = status === 'NO' || status === 'BAD' ? { at: this.at, status, code, text } : undefined;
    if (this.refused) this.note(this.refused);
  }

  private note(said: Said): void {
    if (this.throttled || refusalOf(said, this.provider).kind !== 'throttled') return;
    this.throttled = said;
    this.onThrottled();
  }
}
