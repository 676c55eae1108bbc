import { addressKey, isMailSystem, isUsableAddress, type OwnMatcher } from '../message/addresses.ts';
import { isAutomatic, type Kind } from '../message/kind.ts';

/** Who wrote a recorded mail, and to whom. */
export interface WrittenMail {
  readonly kind: Kind;
  readonly customer_id: number | null;
  readonly from_address: string | null;
  readonly reply_to_address: string | null;
  readonly to_addresses: readonly string[];
  readonly cc_addresses: readonly string[];
}

/** Most people of one mail that become part of a case: more are a mailing (as the daemon has it). */
const MAX_PEOPLE = 1_000;

/**
 * Who becomes a part of the case that a recorded mail is put into, by keys of their addresses: as when the daemon files
 * it. What wrote itself makes nobody one but its customer.
 *
 * @param customerKeys all under which the mail's customer is known
 */
export function peopleOf(mail: WrittenMail, customerKeys: readonly string[], isOwn: OwnMatcher): string[] {
  const keysOf = (addresses: readonly (string | null)[]) =>
    addresses
      .filter((address) => address !== null && isUsableAddress(address) && !isOwn(address))
      .filter((address) => address !== null && !isMailSystem(address))
      .map((address) => addressKey(address ?? ''));
  const written = [mail.from_address, ...mail.to_addresses, ...mail.cc_addresses];
  const people = isAutomatic(mail.kind) ? [] : keysOf(written);
  // One of his addresses is enough, and the one he used is the best: whoever asks knows the others.
  const used = keysOf([mail.reply_to_address, ...written]).find((key) => customerKeys.includes(key));
  const own = customerKeys.filter((key) => !isOwn(key));
  const customer = used ?? own[0];
  return [...new Set([...(customer === undefined ? [] : [customer]), ...people])].slice(0, MAX_PEOPLE);
}
