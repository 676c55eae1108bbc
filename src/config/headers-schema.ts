import { z } from 'zod';
import { FIELD_NAMES } from '../rules/fields.ts';
import { READER_NAMES } from '../rules/readers.ts';
import { headerPrefix, mappedHeader } from './checks.ts';
import { among, text, trueOrFalse } from './fields.ts';
import { freeMap } from './free-map.ts';

/* Which header fields are instructions; see schema.ts. What one entry says of another is looked at in mapping-checks.ts. */

/** What a field's name looks like, for people. */
export const FIELD_FORM = 'the name of a field';

/** All of them, for the one place where they are listed. */
export const ALL_FIELDS = FIELD_NAMES.map((name) => `\`${name}\``).join(', ');

const entryWords = among({
  name: 'write `header`',
  field: 'write `sets`',
  target: 'write `sets`',
  to: 'write `sets`',
  map: 'write `values`',
  mapping: 'write `values`',
  type: 'write `reader`',
});

const entry = z
  .strictObject({
    header: text(mappedHeader, 'the name of a header field of your own, with or without a `*` at its end')
      .toLowerCase()
      .meta({ example: 'header: X-Zammad-Ticket-State' })
      .describe(
        'The header field, upper and lower case are the same; with a `*` at its end, all whose names begin so.',
      ),
    sets: text(undefined, FIELD_FORM)
      .meta({ example: 'sets: case.status' })
      .describe(
        'The field that it sets, one of those that `rules[].then.set` lists; `case.custom_fields.*` where the header has a `*`, which is the key then.',
      ),
    reader: z
      .enum(READER_NAMES)
      .optional()
      .meta({ byDefault: "the field's own" })
      .describe('How its value is read; a custom field takes any reader.'),
    values: freeMap(text().describe('What it means.'), 'a word of the header')
      .optional()
      .meta({ example: 'values: {pending reminder: pending}' })
      .describe(
        'What words of the header mean here, upper and lower case are the same; other values are read as they stand.',
      ),
    separator: text(undefined, 'a sign or several')
      .optional()
      .meta({ byDefault: 'a comma' })
      .describe('What stands between labels.'),
  })
  .meta({ instead: insteadInEntry })
  .describe('A header field and what it sets.');

/** What people write into an entry. */
function insteadInEntry(name: string): string | undefined {
  return /^x-[\w-]{1,60}$/i.test(name) ? `write \`{header: ${name}, sets: …}\`` : entryWords(name);
}

export const headers = z
  .strictObject({
    prefix: text(headerPrefix, '2 to 60 printable ASCII characters without spaces, colons and asterisks')
      .toLowerCase()
      .prefault('x-desk-')
      .describe(
        'How the names of the header fields begin that set customer, case and interaction; upper and lower case are the same.',
      ),
    desk: trueOrFalse()
      .prefault(true)
      .describe("Whether Desk's header fields under that prefix count; false leaves those of `map` alone."),
    map: z
      .array(entry)
      .prefault([])
      .meta({ example: 'map: [{header: X-Zammad-Ticket-State, sets: case.status}]' })
      .describe(
        "Further header fields that are instructions; where several set one field, the first of this list does, and Desk's come last.",
      ),
  })
  .prefault({})
  .describe('The header fields that are instructions.');
