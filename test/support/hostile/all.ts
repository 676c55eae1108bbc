import { BODIES, STRUCTURES } from './bodies.ts';
import { LENGTHS, VALUES } from './fields.ts';
import { FORMATS } from './formats.ts';
import { HUGE_ADDRESSES, HUGE_HEADERS } from './headers.ts';
import type { HostileMail } from './write.ts';

/** Small ones, for which there is nothing to wait. */
export const SMALL: readonly HostileMail[] = [...LENGTHS, ...VALUES, ...FORMATS];

/** All mails that were written to hurt. */
export const HOSTILE: readonly HostileMail[] = [
  ...HUGE_HEADERS,
  ...HUGE_ADDRESSES,
  ...STRUCTURES,
  ...BODIES,
  ...SMALL,
];
