import { BLOCK_ATTACKS, BLOCK_HONEST } from './block-attacks.ts';
import { COVERAGE_ATTACKS, COVERAGE_HONEST } from './coverage-attacks.ts';
import { FROM_ATTACKS, FROM_HONEST } from './from-attacks.ts';
import { GMAIL_ATTACKS, GMAIL_HONEST } from './gmail-attacks.ts';
import { HMAC_ATTACKS } from './hmac-attacks.ts';
import { HMAC_HONEST, HMAC_TEXT_ATTACKS } from './hmac-text-attacks.ts';
import { PLAIN_ATTACKS } from './plain-attacks.ts';
import { RESULTS_ATTACKS, RESULTS_HONEST } from './results-attacks.ts';
import { SEVERAL_ATTACKS, SEVERAL_HONEST } from './several-attacks.ts';
import type { Attack, Honest } from './table.ts';
import { VERIFIED_ATTACKS, VERIFIED_HONEST } from './verified-attacks.ts';
import { VERIFIED_COPY_ATTACKS } from './verified-copy-attacks.ts';

/** ATTACK_BOXES=hmac,secret: only what is done to these mailboxes. */
const only = process.env.ATTACK_BOXES?.split(',');
const wanted = ({ box }: { box: string }) => only === undefined || only.includes(box);

export const ATTACKS: readonly Attack[] = [
  ...[
    ...PLAIN_ATTACKS,
    ...HMAC_ATTACKS,
    ...HMAC_TEXT_ATTACKS,
    ...RESULTS_ATTACKS,
    ...COVERAGE_ATTACKS,
    ...FROM_ATTACKS,
  ],
  ...[...BLOCK_ATTACKS, ...GMAIL_ATTACKS, ...VERIFIED_ATTACKS, ...VERIFIED_COPY_ATTACKS, ...SEVERAL_ATTACKS],
].filter(wanted);

/** What stands beside the attacks, and what is of its own. */
export const HONEST: readonly Honest[] = [
  ...ATTACKS.flatMap(({ name, box, honest }) => (honest ? [{ name: `not ${name}`, box, mail: honest }] : [])),
  ...[...HMAC_HONEST, ...RESULTS_HONEST, ...COVERAGE_HONEST, ...FROM_HONEST, ...BLOCK_HONEST],
  ...[...GMAIL_HONEST, ...VERIFIED_HONEST, ...SEVERAL_HONEST],
].filter(wanted);
