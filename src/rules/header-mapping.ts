import type { HeaderField, Headers } from '../message/headers.ts';
import { byteLength } from '../message/text.ts';
import { type Directives, noDirectives } from './directives.ts';
import { MAX_CUSTOM_FIELDS_OF_MAIL, MAX_KEY_BYTES, MAX_LABELS_OF_MAIL } from './limits.ts';
import * as read from './readers.ts';

/** One row of the contract's table: the header's name behind the prefix, the field it sets, how its body is read. */
interface MappedHeader {
  readonly suffix: string;
  readonly field: string;
  /** Reads the body into the directives; answers with the reason when it cannot be taken, or a note. */
  readonly apply: (directives: Directives, field: HeaderField) => Outcome;
  /** Several of them all count (labels); otherwise the first one does. */
  readonly repeats?: true;
}

type Outcome = { value: string; note?: string } | { refused: string };

/** Builds one row: reads a value and, when it can be taken, sets it. */
function row<T>(
  suffix: string,
  field: string,
  reader: read.Reader<T>,
  set: (directives: Directives, value: T) => void,
): MappedHeader {
  return {
    suffix,
    field,
    apply: (directives, header) => {
      const reading = reader(header);
      if ('refused' in reading) return reading;
      set(directives, reading.value);
      const value = printed(reading.value);
      return reading.note === undefined ? { value } : { value, note: reading.note };
    },
  };
}

/** Labels of several headers are one list, which is bounded as a whole. */
function labels(): MappedHeader {
  const base = row('case-labels', 'case.labels', read.readLabels, (d, v) => {
    d.case.labels = [...new Set([...d.case.labels, ...v])].slice(0, MAX_LABELS_OF_MAIL);
  });
  const apply = (directives: Directives, field: HeaderField): Outcome => {
    const isFull = directives.case.labels.length === MAX_LABELS_OF_MAIL;
    return isFull ? { refused: read.TOO_MANY_LABELS } : base.apply(directives, field);
  };
  return { ...base, apply, repeats: true };
}

/** The contract's table, in its order. */
const TABLE: readonly MappedHeader[] = [
  row('customer-email', 'customer.email', read.readCustomer, (d, v) => {
    d.customer.address = v;
  }),
  row('customer-external-id', 'customer.external_id', read.readIdentifier, (d, v) => {
    d.customer.external_id = v;
  }),
  row('customer-company', 'customer.company', read.readText, (d, v) => {
    d.customer.company = v;
  }),
  row('customer-phone', 'customer.phone', read.readText, (d, v) => {
    d.customer.phone = v;
  }),
  row('case-external-id', 'case.external_id', read.readIdentifier, (d, v) => {
    d.case.external_id = v;
  }),
  row('case-status', 'case.status', read.readStatus, (d, v) => {
    d.case.status = v;
  }),
  labels(),
  row('case-language', 'case.language', read.readLanguage, (d, v) => {
    d.case.language = v;
  }),
  row('case-priority', 'case.priority', read.readPriority, (d, v) => {
    d.case.priority = v;
  }),
  row('case-subject', 'case.subject', read.readText, (d, v) => {
    d.case.subject = v;
  }),
  row('interaction-direction', 'interaction.direction', read.readDirection, (d, v) => {
    d.interaction.direction = v;
  }),
  row('interaction-ip-address', 'interaction.ip_address', read.readIpAddress, (d, v) => {
    d.interaction.ip_address = v;
  }),
  row('interaction-lat', 'interaction.latitude', read.readLatitude, (d, v) => {
    d.interaction.latitude = v;
  }),
  row('interaction-lng', 'interaction.longitude', read.readLongitude, (d, v) => {
    d.interaction.longitude = v;
  }),
  row('interaction-city', 'interaction.city', read.readText, (d, v) => {
    d.interaction.city = v;
  }),
  row('interaction-region', 'interaction.region', read.readText, (d, v) => {
    d.interaction.region = v;
  }),
  row('interaction-country-code', 'interaction.country_code', read.readCountry, (d, v) => {
    d.interaction.country_code = v;
  }),
  row('interaction-user-agent', 'interaction.user_agent', read.readText, (d, v) => {
    d.interaction.user_agent = v;
  }),
];

const CUSTOM_FIELDS = ['customer', 'case'] as const;

/** Which headers are mapped, under the operator's prefix. */
export interface HeaderMapping {
  /** Whether a header (lower case name) is mapped to a field. */
  isMapped(key: string): boolean;
  /** Whether a mapped header is read as an address. */
  isAddress(key: string): boolean;
  /** All header fields under the prefix, mapped or not, in message order. */
  prefixed(headers: Headers): readonly HeaderField[];
  /** Reads all mapped headers of a message into directives, with what was refused and why. */
  read(headers: Headers): Directives;
}

/**
 * Builds the mapping.
 *
 * @param prefix of the header names, in lower case (`x-desk-`)
 * @param except headers (lower case) that are never mapped ones, though they have the prefix: with secrets and signatures
 */
export function headerMapping(prefix: string, ...except: readonly string[]): HeaderMapping {
  const rows = new Map(TABLE.map((each) => [prefix + each.suffix, each]));
  const excepted = new Set(except);
  const find = (key: string) => (excepted.has(key) ? undefined : (rows.get(key) ?? customField(key, prefix)));
  const prefixed = (headers: Headers) =>
    headers.fields.filter(({ key }) => key.startsWith(prefix) && !excepted.has(key));
  return {
    isMapped: (key) => find(key) !== undefined,
    isAddress: (key) => find(key)?.field === 'customer.email',
    prefixed,
    read: (headers) => {
      const directives = noDirectives();
      const seen = new Set<string>();
      // An empty body is as if the header were absent, so it does not count as the first of its name either.
      for (const field of prefixed(headers).filter(({ value }) => value !== '')) {
        const header = find(field.key);
        const outcome: Outcome =
          header === undefined
            ? { refused: 'no header of this name is mapped to a field' }
            : seen.has(field.key) && !header.repeats
              ? { refused: 'repeated: the first one counts' }
              : header.apply(directives, field);
        seen.add(field.key);
        if ('refused' in outcome) {
          directives.refused.push({ by: field.key, value: field.value, reason: outcome.refused });
        } else {
          directives.applied.push({ by: field.key, field: header?.field ?? '', value: outcome.value });
          if (outcome.note !== undefined) {
            directives.refused.push({ by: field.key, value: field.value, reason: outcome.note });
          }
        }
      }
      return directives;
    },
  };
}

/** `x-desk-case-custom-KEY` and `x-desk-customer-custom-KEY`: any KEY without an underscore. */
function customField(key: string, prefix: string): MappedHeader | undefined {
  for (const owner of CUSTOM_FIELDS) {
    const start = `${prefix}${owner}-custom-`;
    if (!key.startsWith(start) || key === start) continue;
    const name = key.slice(start.length);
    const base = row(`${owner}-custom-${name}`, `${owner}.custom_fields.${name}`, read.readText, (d, v) => {
      d[owner].custom_fields.set(name, v);
    });
    if (name.includes('_')) return { ...base, apply: () => ({ refused: 'its key has an underscore' }) };
    if (byteLength(name) > MAX_KEY_BYTES) {
      return { ...base, apply: () => ({ refused: `its key is longer than ${MAX_KEY_BYTES} bytes` }) };
    }
    const apply = (directives: Directives, field: HeaderField): Outcome =>
      directives[owner].custom_fields.size < MAX_CUSTOM_FIELDS_OF_MAIL
        ? base.apply(directives, field)
        : { refused: `the first ${MAX_CUSTOM_FIELDS_OF_MAIL} custom fields of a ${owner} in a mail count` };
    return { ...base, apply };
  }
  return undefined;
}

function printed(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object' && value !== null && 'address' in value) return String(value.address);
  return String(value);
}
