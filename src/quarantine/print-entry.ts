import { harmless } from '../terminal/harmless.ts';
import { type Paint, type PrintOptions, painter } from '../terminal/style.ts';
import { clip, indented, padEnd, widthOf, wrap } from '../terminal/width.ts';
import { counted, readableSize, readableTime } from '../terminal/words.ts';
import type { Entry } from './entries.ts';
import { endWords, whatIs } from './print-list.ts';
import type { Step } from './steps.ts';

/** What one header field may take of the terminal, in columns. */
const LONGEST_FIELD = 400;

const STAGES: Readonly<Record<Entry['stage'], string>> = {
  fetch: 'fetch: the server did not hand it out, or it was too large',
  parse: 'parse: its bytes could not be read as a message',
  decide: 'decide: what it means could not be decided',
  store: 'store: its values could not be stored',
};

/** Everything that is known of an entry, and what to do about it. */
export function printEntry(entry: Entry, steps: readonly Step[], options: PrintOptions): string {
  const paint = painter(options);
  const facts = labelled(factsOf(entry), options, paint);
  const headers = entry.headers.map(([name, value]) =>
    clip(`  ${harmless(name)}: ${harmless(value)}`, Math.min(LONGEST_FIELD, options.width)),
  );
  const head = `Entry ${entry.id}  ${whatIs(entry)}`;
  return [
    [paint('bold', clip(head, options.width)), ...facts].join('\n'),
    ...(headers.length > 0 ? [[paint('bold', 'Header'), ...headers].join('\n')] : []),
    [paint('bold', 'What to do'), ...steps.flatMap((step) => stepLines(step, options, paint))].join('\n'),
  ].join('\n\n');
}

type Fact = readonly [label: string, value: string];

function factsOf(entry: Entry): Fact[] {
  const { mailbox, folder, uid, uid_validity, created_at, tried_at, attempts } = entry;
  const tried = attempts === 1 ? '' : `, tried ${counted(attempts, 'time')}, last ${readableTime(tried_at)}`;
  return [
    ['place', `${mailbox}, ${folder}, UID ${uid} (UIDVALIDITY ${uid_validity})`],
    ...(entry.received_at ? [['received', `${readableTime(entry.received_at)} UTC`] as const] : []),
    ['set aside', `${readableTime(created_at)} UTC${entry.imported ? ', by an import' : ''}${tried}`],
    ['size', sizeWords(entry)],
    ['stage', STAGES[entry.stage]],
    ['error', entry.error],
    ['trust', trustWords(entry)],
    ['state', endWords(entry) ?? 'it waits'],
  ];
}

function sizeWords({ size_bytes, content_bytes, is_whole, resolution }: Entry): string {
  const size = size_bytes ?? content_bytes;
  const whole = size === null ? 'not known' : readableSize(size);
  if (resolution !== null) return whole;
  if (content_bytes === null) return `${whole}; its bytes are not here`;
  return is_whole ? whole : `${whole}, of which ${readableSize(content_bytes)} were fetched`;
}

function trustWords({ trusted, trust_reason, sender_auth }: Entry): string {
  if (trusted === null) return 'not found out';
  const auth = sender_auth === null || sender_auth === 'none' ? '' : `; From: ${sender_auth}`;
  return `${trusted ? 'trusted' : 'not trusted'}: ${trust_reason ?? ''}${auth}`;
}

/** The values below one another. */
function labelled(facts: readonly Fact[], { width }: PrintOptions, paint: Paint): string[] {
  const column = Math.max(...facts.map(([label]) => widthOf(label))) + 4;
  return facts.flatMap(([label, value]) =>
    wrap(harmless(value), width - column).map((line, index) => {
      const name = padEnd(index === 0 ? `  ${label}` : '', column);
      return `${paint('dim', name)}${line}`;
    }),
  );
}

/** Commands are there to be copied: none is cut or broken. */
function stepLines({ when, command }: Step, { width }: PrintOptions, paint: Paint): string[] {
  return [...indented(when, '  ', width), ...(command === null ? [] : [`    ${paint('cyan', command)}`])];
}
