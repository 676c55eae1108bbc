import { type Address, addressKey, parseAddresses } from '../message/addresses.ts';
import type { Headers } from '../message/headers.ts';
import type { Message } from '../message/message.ts';
import { withoutTags } from '../message/without-tags.ts';
import type { Verdict } from '../trust/trust.ts';
import type { Setting } from './attribution.ts';
import type { Directives } from './directives.ts';
import { MATCHED_CHARACTERS, MAX_STEPS } from './pattern.ts';
import type { Part } from './rule.ts';

/** Where a message lies and how large it is, beside what attribution has to know. */
export interface RuleSetting extends Setting {
  /** The mailbox's name in the configuration. */
  readonly mailbox: string;
  /** The folder's path in the configuration. */
  readonly folder: string;
  readonly sizeBytes: number;
}

/** Most values of one header or part that are looked at: a mail may have as many fields as it likes. */
const MAX_VALUES = 1_000;

/** What conditions look at in one message. What several of them ask for is found once. */
export class Facts {
  readonly message: Message;
  readonly verdict: Pick<Verdict, 'trusted' | 'senderAuth'>;
  readonly setting: RuleSetting;
  /** As they are so far: by headers, and by the rules before. */
  readonly directives: Directives;
  /** Steps that patterns may still take; see MAX_STEPS. */
  private steps = MAX_STEPS;
  /** Those of them that the rule at hand may take. */
  private share = MAX_STEPS;
  private readonly found = new Map<string, readonly Value[]>();

  constructor(
    message: Message,
    verdict: Pick<Verdict, 'trusted' | 'senderAuth'>,
    setting: RuleSetting,
    directives: Directives,
  ) {
    this.message = message;
    this.verdict = verdict;
    this.setting = setting;
    this.directives = directives;
  }

  /** The values of a header field (lower case name), in message order; an empty one is as if absent. */
  header(key: string): readonly Value[] {
    return this.values(`header ${key}`, () => this.message.headers.all(key).map(({ value }) => value));
  }

  part(part: Part): readonly Value[] {
    return this.values(part, () => PART_VALUES[part](this.message));
  }

  /** A rule may take half of what is left, so that none takes all from those behind it. */
  beginRule(): void {
    this.share = this.steps / 2;
  }

  /** Whether patterns may take so many steps more; only then they are counted. */
  afford(steps: number): boolean {
    if (steps > this.share) return false;
    this.share -= steps;
    this.steps -= steps;
    return true;
  }

  private values(name: string, find: () => readonly string[]): readonly Value[] {
    const known = this.found.get(name);
    if (known !== undefined) return known;
    const values = find()
      .filter((text) => text.trim() !== '')
      .slice(0, MAX_VALUES)
      .map(asValue);
    this.found.set(name, values);
    return values;
  }
}

/** A value as patterns look at it, which see its beginning, and as it is compared, whole and without white space around it. */
export interface Value {
  readonly text: string;
  readonly folded: string;
}

function asValue(whole: string): Value {
  let folded: string | undefined;
  return {
    text: whole.slice(0, MATCHED_CHARACTERS),
    // A body may be long, and is mostly looked at in one of the two ways.
    get folded() {
      folded ??= folding.whole(whole);
      return folded;
    },
  };
}

/** Texts compare without case, composed letters or not. */
function foldCase(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** The same, with runs of white space as one blank: folding breaks and doubles it, and people do not see it. */
function foldText(text: string): string {
  // Not each blank that is one already: a long text has many.
  return foldCase(text).replace(/\s{2,}|[^\S ]/g, ' ');
}

/** How texts are made ready to be compared: values have no white space around them, and a piece of one may begin with some. */
export const folding = {
  whole: (text: string) => foldText(text).trim(),
  start: (text: string) => foldText(text).trimStart(),
  end: (text: string) => foldText(text).trimEnd(),
  piece: foldText,
} as const;

const PART_VALUES: Readonly<Record<Part, (message: Message) => readonly string[]>> = {
  from: ({ from }) => spellings(from ? [from] : []),
  from_name: ({ from }) => (from ? [from.name] : []),
  reply_to: ({ replyTo }) => spellings(replyTo),
  to: ({ to }) => spellings(to),
  cc: ({ cc }) => spellings(cc),
  recipient: ({ to, cc }) => spellings([...to, ...cc]),
  subject: ({ subject }) => (subject === undefined ? [] : [subject]),
  message_id: ({ messageId }) => (messageId === undefined ? [] : [messageId]),
  list_id: ({ headers }) => listIds(headers),
  return_path: ({ headers }) => spellings(addressesIn(headers, ['return-path'])),
  delivered_to: ({ headers }) => spellings(addressesIn(headers, DELIVERED_TO)),
  body: ({ text, html }) => [text?.trim() ? text : textOfHtml(html ?? '')],
};

/** In one line, as HTML's own line breaks mean nothing. */
function textOfHtml(html: string): string {
  return withoutTags(html).replace(/\s+/g, ' ');
}

/** In which servers write the address that a mail was delivered to. */
const DELIVERED_TO = ['delivered-to', 'x-delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to'];

function addressesIn(headers: Headers, keys: readonly string[]): Address[] {
  return keys.flatMap((key) => headers.all(key)).flatMap(({ raw }) => parseAddresses(raw));
}

/** Addresses as they stand, and with their domains in A-labels, so that either spelling is found. */
function spellings(addresses: readonly Address[]): string[] {
  return addresses.flatMap(({ address }) => {
    const key = addressKey(address);
    return key === foldCase(address) ? [address] : [address, key];
  });
}

/** What stands between the angle brackets (RFC 2919), else all of it. */
function listIds(headers: Headers): string[] {
  return headers.all('list-id').map(({ value }) => /<([^<>]*)>/.exec(value)?.[1] ?? value);
}
