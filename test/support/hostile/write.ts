/** A mail that was written to hurt, or to be misunderstood. */
export interface HostileMail {
  /** What is wrong with it: names the test, and is part of its Message-ID. */
  readonly trait: string;
  /** Its bytes, made when they are wanted: some are megabytes. */
  readonly build: () => Buffer;
}

/** Bytes of text that is latin1 already: one character is one byte. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** How text is written in a message of raw UTF-8, as a latin1 string. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The address that a hostile mail is from: of its own, so that no case has two of them. */
export function senderOf(trait: string): string {
  return `${trait}@hostile.example`;
}

interface Parts {
  /** Header lines, as latin1 strings, which take the place of the usual ones of the same name. */
  readonly head?: readonly string[];
  /** What follows the header's empty line, as a latin1 string. */
  readonly body?: string;
  /** Names (lower case) of usual fields that it does not have. */
  readonly without?: readonly string[];
}

/** A mail with the usual fields, but for what it has of its own. */
export function hostile(trait: string, make: () => Parts): HostileMail {
  return {
    trait,
    build: () => {
      const { head = [], body = 'Hello.', without = [] } = make();
      const own = new Set(head.map((line) => line.slice(0, line.indexOf(':')).toLowerCase()));
      const usual = [
        `From: Hostile <${senderOf(trait)}>`,
        'To: support@example.com',
        `Subject: ${trait}`,
        `Message-ID: <${trait}@hostile.example>`,
        'Date: Mon, 09 Nov 2026 08:15:00 +0000',
      ].filter((line) => {
        const name = line.slice(0, line.indexOf(':')).toLowerCase();
        return !own.has(name) && !without.includes(name);
      });
      return latin1(`${[...usual, ...head].join('\r\n')}\r\n\r\n${body}\r\n`);
    },
  };
}

/** @param one is given its number, from 0 */
export function many(amount: number, one: (index: number) => string, between = ''): string {
  return Array.from({ length: amount }, (_, index) => one(index)).join(between);
}

export const MEGABYTE = 1024 * 1024;

/** So often that it takes a megabyte. */
export function megabyteOf(text: string): string {
  return text.repeat(Math.ceil(MEGABYTE / text.length));
}
