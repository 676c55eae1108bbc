import { nearest } from '../config/nearest.ts';
import type { CustomerName } from '../desk/customers.ts';
import type { CaseSettings, LabelChange } from '../desk/set-case.ts';
import { MailcaseError } from '../errors.ts';
import { isUsableAddress } from '../message/addresses.ts';
import { storableLine } from '../message/text.ts';
import { STATUSES } from '../rules/directives.ts';
import * as read from '../rules/readers.ts';
import { harmless } from '../terminal/harmless.ts';
import { idIn } from './read-options.ts';

/** Makes changeable what is collected word by word. */
type Draft = { -readonly [K in keyof CaseSettings]: CaseSettings[K] } & {
  labels: LabelChange[];
  custom_fields: Map<string, string | null>;
};

/** Sets one field of the draft. @returns what is wrong, where something is, with its cure */
type Setter = (draft: Draft, value: string) => string | undefined;

const CUSTOM = 'custom.';

/** What can be set of a case; an empty value empties the field. */
const SETTERS: Readonly<Record<string, Setter>> = {
  status: (draft, value) =>
    value === ''
      ? `a case always has a status: give one of ${STATUSES.join(', ')}`
      : taken(read.readStatus, value, `give one of ${STATUSES.join(', ')}`, (status) => {
          draft.status = status;
        }),
  priority: (draft, value) =>
    orEmpty(read.readPriority, value, 'give one, or nothing to empty it', (priority) => {
      draft.priority = priority;
    }),
  language: (draft, value) =>
    orEmpty(read.readLanguage, value, 'give such a code, or nothing to empty it', (language) => {
      draft.language = language;
    }),
  subject: (draft, value) =>
    orEmpty(read.readText, value, '', (subject) => {
      draft.subject = subject;
    }),
  external_id: (draft, value) =>
    orEmpty(read.readIdentifier, value, 'give a shorter one', (externalId) => {
      draft.external_id = externalId;
    }),
  customer: (draft, value) => {
    const name = value === '' ? null : customerName(value);
    if (name === undefined) return 'neither an address nor the number of a customer: give one of them';
    draft.customer = name;
    return undefined;
  },
  labels: (draft, value) => changeLabels(draft, 'replace', value),
};

/** How a person names a customer; undefined where it can be no name of one. */
export function customerName(text: string): CustomerName | undefined {
  const id = idIn(text);
  if (id !== undefined) return { id };
  return isUsableAddress(text) ? { address: text } : undefined;
}

/**
 * Reads what a case is to be: `status=pending`, `labels+=vip`, `custom.tier=gold`.
 *
 * @throws MailcaseError `usage` with everything that cannot be understood
 */
export function readAssignments(words: readonly string[]): CaseSettings {
  const draft: Draft = { labels: [], custom_fields: new Map() };
  const seen = new Set<string>();
  const problems = words.flatMap((word) => {
    const problem = assign(draft, seen, word);
    return problem === undefined ? [] : [`${harmless(word)}: ${problem}`];
  });
  if (words.length === 0) problems.push('nothing to set: give FIELD=VALUE, e.g. status=pending');
  if (problems.length > 0) throw new MailcaseError('usage', problems.join('\n'));
  return draft;
}

function assign(draft: Draft, seen: Set<string>, word: string): string | undefined {
  const [, name, sign, rest] = /^([^=]*?)([+-]?)=(.*)$/s.exec(word) ?? [];
  if (name === undefined || rest === undefined) return 'no value: write FIELD=VALUE, e.g. status=pending';
  const field = name.trim().toLowerCase();
  const value = storableLine(rest);
  if (sign) {
    if (field !== 'labels') return `only labels are added or taken away: write ${harmless(name)}=VALUE`;
    return changeLabels(draft, sign === '+' ? 'add' : 'remove', value);
  }
  if (seen.has(field)) return 'said twice: say it once';
  seen.add(field);
  if (field.startsWith(CUSTOM)) return setCustomField(draft, storableLine(field.slice(CUSTOM.length)), value);
  const setter = Object.hasOwn(SETTERS, field) ? SETTERS[field] : undefined;
  return setter ? setter(draft, value) : unknownField(field);
}

function unknownField(field: string): string {
  const fields = [...Object.keys(SETTERS), 'custom.KEY'];
  const meant = nearest(field, Object.keys(SETTERS));
  return meant === undefined
    ? `a case has no such field: possible are ${fields.join(', ')}`
    : `a case has no such field: did you mean ${meant}?`;
}

/** Keys are kept in lower case, as those of headers are; what a person types may have underscores. */
function setCustomField(draft: Draft, key: string, value: string): string | undefined {
  if (key === '') return 'a custom field has a name: write custom.KEY=VALUE';
  return taken(read.readIdentifier, key, 'give its key a shorter name', () => {
    draft.custom_fields.set(key, value === '' ? null : value);
  });
}

function changeLabels(draft: Draft, how: LabelChange['how'], value: string): string | undefined {
  if (how === 'replace' && value === '') {
    draft.labels.push({ how, labels: [] });
    return undefined;
  }
  return taken(read.readLabels, value, 'give one, or several with commas between them', (labels) => {
    draft.labels.push({ how, labels });
  });
}

function orEmpty<T>(
  reader: read.Reader<T>,
  value: string,
  cure: string,
  set: (value: T | null) => void,
): string | undefined {
  if (value !== '') return taken(reader, value, cure, set);
  set(null);
  return undefined;
}

/** Takes a value as a header field's would be taken. */
function taken<T>(
  reader: read.Reader<T>,
  value: string,
  cure: string,
  set: (value: T) => void,
): string | undefined {
  const reading = reader({ name: '', key: '', raw: value, value });
  if ('refused' in reading) return `${reading.refused}: ${cure}`;
  set(reading.value);
  return undefined;
}
