/** What an operator writes for the number in the form (see cases.subject_number in the configuration). */
const PLACEHOLDER = '1234';

/** Most digits of a number: far more cases than there will be, and exact as a JavaScript number. */
const MAX_DIGITS = 12;

/** Most numbers looked at in one subject: each is a case to look up, and nobody writes more. */
const MAX_NUMBERS = 5;

/** Finds the numbers of cases in a subject (decoded, one line), in order, each once. */
export type CaseNumberReader = (subject: string) => number[];

/**
 * Builds the reader of case numbers.
 *
 * @param form as it stands in a subject, with 1234 for the number (`[#1234]`), or `off`
 */
export function caseNumberReader(form: string): CaseNumberReader {
  const [before, after, ...more] = form.split(PLACEHOLDER);
  if (before === undefined || after === undefined || more.length > 0) return () => [];
  // Digits beside the number would make it another one.
  const pattern = new RegExp(
    `${literal(before)}(?<!\\d)(\\d{1,${MAX_DIGITS}})(?!\\d)${literal(after)}`,
    'giu',
  );
  return (subject) => {
    const numbers = [...subject.matchAll(pattern)].map((match) => Number(match[1]));
    return [...new Set(numbers)].filter((number) => number > 0).slice(0, MAX_NUMBERS);
  };
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
