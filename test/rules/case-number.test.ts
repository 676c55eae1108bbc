import { describe, expect, it } from 'vitest';
import { caseNumberReader } from '../../src/rules/case-number.ts';

describe('numbers of cases in a subject', () => {
  it.each<[form: string, subject: string, numbers: number[]]>([
    ['[#1234]', 'Re: Lamp [#7]', [7]],
    ['[#1234]', '[#7][#8] AW: [#7]', [7, 8]],
    ['[#1234]', '[#007]', [7]],
    ['[#1234]', '[# 7] [#7 ] [7] #7 [#x]', []],
    ['[#1234]', '[#0]', []],
    ['[#1234]', '[#123456789012]', [123_456_789_012]],
    ['[#1234]', '[#1234567890123]', []],
    ['[#1234]', '[#1] [#2] [#3] [#4] [#5] [#6]', [1, 2, 3, 4, 5]],
    ['[Case 1234]', 're: [CASE 12]', [12]],
    ['#1234', 'about #12 and #13', [12, 13]],
    ['#1234', '#12a #b12', [12]],
    ['(1234)', '(12) (+12)', [12]],
    ['^1234$', '^12$ x', [12]],
    ['[#1234]', '[#١٢]', []],
    ['off', '[#7] off', []],
  ])('%s in %s', (form, subject, numbers) => {
    expect(caseNumberReader(form)(subject)).toEqual(numbers);
  });
});
