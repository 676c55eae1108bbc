import { afterEach, describe, expect, it } from 'vitest';
import { parseDate } from '../../src/message/date.ts';

const zone = process.env.TZ;

afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

describe.each(['UTC', 'Asia/Tokyo'])('dates on a machine in %s', (machine) => {
  it.each([
    ['RFC 5322', 'Mon, 9 Nov 2026 10:00:00 +0100', '2026-11-09T09:00:00.000Z'],
    ['comment', 'Mon, 9 Nov 2026 10:00:00 +0100 (CET)', '2026-11-09T09:00:00.000Z'],
    ['no weekday, no seconds', '9 Nov 2026 10:00 +0100', '2026-11-09T09:00:00.000Z'],
    ['no space behind the weekday', 'Mon,9 Nov 2026 10:00:00 +0100', '2026-11-09T09:00:00.000Z'],
    ['two-digit year', '9 Nov 26 10:00:00 GMT', '2026-11-09T10:00:00.000Z'],
    ['zone UT', 'Mon, 9 Nov 2026 10:00:00 UT', '2026-11-09T10:00:00.000Z'],
    ['zone EST', 'Mon, 9 Nov 2026 10:00:00 EST', '2026-11-09T15:00:00.000Z'],
    ['zone -0000', 'Mon, 9 Nov 2026 10:00:00 -0000', '2026-11-09T10:00:00.000Z'],
    ['zone of three digits', 'Mon, 21 Aug 95 13:30:57 -600', '1995-08-21T19:30:57.000Z'],
    ['no zone', 'Mon, 9 Nov 2026 10:00:00', '2026-11-09T10:00:00.000Z'],
    ['asctime', 'Mon Nov  9 10:00:00 2026', '2026-11-09T10:00:00.000Z'],
    ['ISO 8601', '2026-11-09T10:00:00+01:00', '2026-11-09T09:00:00.000Z'],
    ['ISO 8601 without a zone', '2026-11-09T10:00:00', '2026-11-09T10:00:00.000Z'],
    ['epoch', 'Thu, 1 Jan 1970 00:00:00 +0000', '1970-01-01T00:00:00.000Z'],
    ['before the epoch', 'Wed, 31 Dec 1969 23:59:59 +0000', undefined],
    ['year 12026', 'Mon, 9 Nov 12026 10:00:00 +0000', undefined],
    ['year 0', 'Mon, 01 Jan 0000 00:00:00 +0000', undefined],
    ['year 99', 'Mon, 01 Jan 0099 00:00:00 +0000', undefined],
    ['year 99999', 'Mon, 01 Jan 99999 00:00:00 +0000', undefined],
    ['year -1', 'Mon, 01 Jan -1 00:00:00 +0000', undefined],
    ['unknown zone', 'Mon, 9 Nov 2026 10:00:00 CEST', undefined],
    ['day or month first?', '09/11/2026 10:00', undefined],
    ['no time of day', '9 Nov 2026', undefined],
    ['words and a number', 'Order 7', undefined],
    ['words', 'Malformed Date.', undefined],
    ['empty', '', undefined],
  ])('%s: %j', (_, raw, expected) => {
    process.env.TZ = machine;
    expect(new Date(2026, 0, 1).getTimezoneOffset()).toBe(machine === 'UTC' ? 0 : -540);
    expect(parseDate(raw)?.toISOString()).toBe(expected);
  });
});
