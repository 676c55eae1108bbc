import { describe, expect, it } from 'vitest';
import { parsePersonName } from '../../src/message/names.ts';

describe('names', () => {
  it.each([
    ['two words', 'Joe Customer', 'Joe', 'Customer'],
    ['comma', 'Customer, Joe', 'Joe', 'Customer'],
    ['comma without space', 'Customer,Joe', 'Joe', 'Customer'],
    ['one word', 'Prince', 'Prince', undefined],
    ['one word and a comma', 'Prince,', 'Prince', undefined],
    ['three words', 'Mary Jane Watson', 'Mary Jane', 'Watson'],
    ['particle', 'Ludwig van Beethoven', 'Ludwig', 'van Beethoven'],
    ['particles', 'Maria de la Cruz', 'Maria', 'de la Cruz'],
    ['particle behind the comma', 'Beethoven, Ludwig van', 'Ludwig', 'van Beethoven'],
    ['particle before the comma', 'van Beethoven, Ludwig', 'Ludwig', 'van Beethoven'],
    ['particle alone behind the comma', 'Beethoven, van', 'van', 'Beethoven'],
    ['particle at the end', 'Ludwig van', 'Ludwig', 'van'],
    ['suffix', 'Joe Customer, Jr.', 'Joe', 'Customer, Jr.'],
    ['comma and suffix', 'Customer, Joe, Jr.', 'Joe', 'Customer, Jr.'],
    ['company', 'Acme, Inc.', 'Acme, Inc.', undefined],
    ['Greek', 'Ελένη Παπαδοπούλου', 'Ελένη', 'Παπαδοπούλου'],
    ['Cyrillic', 'Анна Каренина', 'Анна', 'Каренина'],
    ['Arabic', 'محمد علي', 'محمد', 'علي'],
    ['Japanese, family first', '佐々木 遥', '遥', '佐々木'],
    ['Korean, family first', '김 철수', '철수', '김'],
    ['Chinese in one word', '王小明', '王小明', undefined],
    ['single quotes', "'Joe Customer'", 'Joe', 'Customer'],
    ['typographic quotes', '“Joe Customer”', 'Joe', 'Customer'],
    ['via a list', "'Joe Customer' via Support", 'Joe', 'Customer'],
    ['white space', '  Joe \t Customer ', 'Joe', 'Customer'],
    ['invisible characters', 'Joe\u200B Customer\u200F', 'Joe', 'Customer'],
    ['address', 'joe@example.com', undefined, undefined],
    ['quoted address', "'joe@example.com'", undefined, undefined],
    ['address in brackets', '<joe@example.com>', undefined, undefined],
    ['link', 'https://example.com', undefined, undefined],
    ['digits', '0049 123', undefined, undefined],
    ['empty', '', undefined, undefined],
    ['quotes alone', '""', undefined, undefined],
  ])('%s: %j', (_, displayName, first, last) => {
    expect(parsePersonName(displayName)).toEqual({ first, last });
  });
});
