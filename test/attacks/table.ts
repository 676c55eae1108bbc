import type { SenderAuth } from '../../src/trust/trust.ts';
import type { BoxName } from './boxes.ts';
import { MALLORY, ORDERS, type Victim } from './letters.ts';

/** Writes a mail about a customer's case. */
export type Build = (victim: Victim) => string | Buffer;

/** As what a mail is recorded: what a stranger's is. */
export interface Ordinary {
  readonly direction: 'in' | 'out';
  /** Address of the customer; null where there is none. */
  readonly customer: string | null;
  readonly senderAuth: SenderAuth;
  /** Whether header fields are there to be refused. */
  readonly refused: boolean;
}

/** One attack, and beside it the honest mail of the same shape. */
export interface Attack {
  readonly name: string;
  /** What the attacker does, or counts on. */
  readonly does: string;
  readonly box: BoxName;
  readonly mail: Build;
  /** The reason that an operator reads. */
  readonly why: RegExp;
  /** As what it is recorded, where that differs from its box. @see ordinary */
  readonly as?: Partial<Ordinary> | ((victim: Victim) => Partial<Ordinary>);
  /** The company's own mail that came before it and was applied: what the attacker has a copy of. */
  readonly before?: Build;
  readonly honest?: Build;
  /** It answers the customer's case, as any mail may: so it lies in it, and changes nothing else of it. */
  readonly joins?: true;
  /** Put off to begin with, since its key cannot be looked up. */
  readonly isAwaited?: true;
}

/** Attacks on one mailbox. */
export type Rows = readonly (Omit<Attack, 'box'> & Partial<Pick<Attack, 'box'>>)[];

/** An honest mail, of a shape for which it could be taken for an attack. */
export interface Honest {
  readonly name: string;
  readonly box: BoxName;
  readonly mail: Build;
  /** Where it differs from `pass` in boxes with DKIM, `none` in others. */
  readonly senderAuth?: SenderAuth;
}

/** By whoever he says he is. */
export const AS_STRANGER: Partial<Ordinary> = { direction: 'in', customer: MALLORY, senderAuth: 'none' };

/** In the name of an own address: what a colleague writes, or somebody who is known not to be one. */
export const AS_COLLEAGUE: Partial<Ordinary> = { direction: 'in', customer: ORDERS };

/** In the name of an own address, to the customer, and nothing speaks against it: outbound, in a case of its own. */
export const AS_SENT = ({ address }: Victim): Partial<Ordinary> => ({ direction: 'out', customer: address });
