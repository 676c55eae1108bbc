import { z } from 'zod';
import { KINDS } from '../message/kind.ts';
import { DIRECTIONS } from '../rules/directives.ts';
import { type Condition, PARTS, SUBJECTS, TESTS } from '../rules/rule.ts';
import { conditionHeader, pattern, ruleName } from './checks.ts';
import { ALWAYS, complain, optionOf, size, text, trueOrFalse } from './fields.ts';
import { freeMap, textOrList } from './free-map.ts';
import { ALL_FIELDS, FIELD_FORM } from './headers-schema.ts';
import { insteadInActions, insteadInCondition, insteadInRule, insteadInSize } from './rule-words.ts';

/*
 * Rules of the operator's own; see schema.ts. Here is what each option looks like by itself; what they say of one another,
 * and of the rest of the file, is looked at in rule-checks.ts.
 */

/** Lists of conditions, and one in another: a condition is declared by itself. */
const list = (sentence: string) =>
  z
    .lazy(() => z.array(condition).min(1))
    .optional()
    .meta({ example: 'all: [{part: subject, contains: urgent}, {trusted: true}]' })
    .describe(sentence);

const SENDER_AUTH = ['pass', 'fail', 'none'] as const;

const NO_SIZE = ['0', 'no mail is smaller'] as const;
const LARGEST_SIZE = ['1GB', 'no mail is larger'] as const;

const condition: z.ZodType<Condition> = z
  .strictObject({
    all: list('Conditions that all have to hold.'),
    any: list('Conditions of which one has to hold.'),
    not: z
      .lazy(() => condition)
      .optional()
      .meta({ example: 'not: {trusted: true}' })
      .describe('A condition that must not hold.'),
    header: text(conditionHeader, 'the name of a header field')
      .toLowerCase()
      .optional()
      .meta({ example: 'header: X-Spam-Flag' })
      .describe(
        'A header field to look at; with one of the tests below. Of a repeated one, any value may pass.',
      ),
    part: z
      .enum(PARTS)
      .optional()
      .describe(
        'What else to look at, with one of the tests below: addresses of From, Reply-To, To, Cc (recipient: To or Cc); the name in From; the subject; what stands between the brackets of Message-ID and List-Id; the addresses of Return-Path, and that it was delivered to; the text (body).',
      ),
    exists: trueOrFalse().optional().describe('Whether it is there; an empty one counts as absent.'),
    equals: text().optional().describe('It is this text; upper and lower case are the same, here and below.'),
    contains: text().optional().describe('This text is somewhere in it.'),
    starts_with: text().optional().describe('It begins with this text.'),
    ends_with: text()
      .optional()
      .describe('It ends with this text: `@example.com` for the addresses of a domain.'),
    matches: text(pattern, 'a regular expression of RE2')
      .optional()
      .meta({ example: "matches: '\\[JIRA\\] \\((?<key>[A-Z]+-\\d+)\\)'" })
      .describe(
        'A regular expression that is found in it, as written (`(?i)` makes case the same); its groups can stand in values.',
      ),
    one_of: z
      .array(text().describe('One of the texts.'))
      .min(1)
      .optional()
      .meta({ example: 'one_of: [ann@example.com, joe@example.com]' })
      .describe('It is one of these texts.'),
    trusted: trueOrFalse().optional().describe("Whether the mail is trusted, by the mailbox's `trust`."),
    sender_auth: z
      .enum(SENDER_AUTH)
      .optional()
      .describe('What is known of From: verified (pass), known to be forged (fail), or nothing (none).'),
    direction: z
      .enum(DIRECTIONS)
      .optional()
      .describe('Which way it went, as far as headers and the rules before have said.'),
    kind: z.enum(KINDS).optional().describe('What it is, as `interactions.kind` has it.'),
    size: z
      .strictObject({
        over: size(NO_SIZE, LARGEST_SIZE).optional().describe('Larger than this.'),
        under: size(NO_SIZE, LARGEST_SIZE).optional().describe('Smaller than this.'),
      })
      .optional()
      .meta({ example: 'size: {over: 10MB}', instead: insteadInSize })
      .describe('How large the whole mail is.'),
    has_attachment: trueOrFalse()
      .optional()
      .describe('Whether something is attached; pictures that the text shows do not count.'),
    mailbox: text().optional().describe('The mailbox that it came to, by its name.'),
    folder: text().optional().describe('The folder that it lies in, by its path.'),
  })
  .superRefine(oneThing, ALWAYS)
  .meta({
    definition: 'condition',
    example: '{part: from, ends_with: "@example.com"}',
    instead: insteadInCondition,
    ifList: {
      here: 'put the list into `all`, or into `any` if one of them is enough',
      below: 'write `any` with a condition for each; `one_of` takes several texts of a header or a part',
    },
  })
  .describe(
    'Which mails the rule is for: one thing to look at, and of a header or a part one test; all without it.',
  );

/** A condition that says two things could mean both or either, and one that says none holds always or never. */
function oneThing(section: unknown, context: z.RefinementCtx): void {
  if (Array.isArray(section)) return;
  const given = (names: readonly string[]) => names.filter((name) => optionOf(section, name) !== undefined);
  const [subjects, tests] = [given(SUBJECTS), given(TESTS)];
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(' and ');
  const [subject, second] = subjects;
  if (second !== undefined) {
    const parts = subjects.map((name) => `{${name}: …}`).join(', ');
    complain(context, {
      message: `says several things at once: ${quoted(subjects)}`,
      cure: `write \`all: [${parts}]\`, or \`any\` if one of them is enough`,
    });
  } else if (subject === undefined) {
    complain(context, {
      message: tests.length > 0 ? 'says not what to look at' : 'an empty condition',
      cure: 'name a `header` or a `part`, or ask for something else, such as `trusted: true`',
      onlyAlone: true,
    });
  } else if (subject !== 'header' && subject !== 'part') {
    if (tests.length === 0) return;
    complain(context, {
      message: `${quoted(tests)} is for a \`header\` or a \`part\``,
      cure: 'take it out, or make it a condition of its own in `all`',
    });
  } else if (tests.length !== 1) {
    complain(context, {
      message:
        tests.length === 0 ? 'says not what to test' : `tests several things at once: ${quoted(tests)}`,
      cure:
        tests.length === 0
          ? `add one of ${TESTS.map((name) => `\`${name}\``).join(', ')}`
          : `write \`all: [${tests.map((name) => `{${subject}: …, ${name}: …}`).join(', ')}]\``,
      onlyAlone: tests.length === 0,
    });
  }
}

/** A value, or several of a list. */
const values = () =>
  textOrList(
    text(undefined, 'a text with groups as `{name}` or `{1}`, and `{{` for a brace').describe(
      'One of several.',
    ),
  ).describe('The value, or several of a list.');

const actions = z
  .strictObject({
    set: freeMap(values(), FIELD_FORM)
      .optional()
      .meta({ example: 'set: {case.status: closed}' })
      .describe(
        `Fields and their values; they win over header fields, and over the rules before. The fields are ${ALL_FIELDS}.`,
      ),
    add: freeMap(values(), '`case.labels` or a custom field')
      .optional()
      .meta({ example: 'add: {case.labels: [vip]}' })
      .describe('What is added to labels, or to a custom field that holds a comma-separated list.'),
    remove: freeMap(values(), '`case.labels` or a custom field')
      .optional()
      .meta({ example: 'remove: {case.labels: [spam]}' })
      .describe('What is taken out of them.'),
    clear: z
      .array(text(undefined, FIELD_FORM).describe('The name of a field.'))
      .min(1)
      .optional()
      .meta({ example: 'clear: [case.priority]' })
      .describe('Fields that lose their value, whatever a header field says.'),
    skip: text(undefined, '`true`, or the reason in words')
      .optional()
      .meta({ example: 'skip: spam' })
      .describe('Nothing is recorded of the mail; it stays in the mailbox as `processed` has it.'),
    stop: trueOrFalse().optional().describe('No later rule is tried.'),
  })
  .meta({
    example: 'then: {set: {case.status: closed}}',
    instead: insteadInActions,
    ifList: { here: 'write its options below one another, without hyphens' },
  })
  .describe('What the rule does: `clear`, `set`, `remove` and `add`, in this order.');

const rule = z
  .strictObject({
    name: text(ruleName, 'up to 60 letters, digits, spaces, dots, underscores and hyphens')
      .meta({ example: 'name: jira' })
      .describe('Its name, which stands beside all that it does.'),
    when: condition.optional().meta({ example: 'when: {part: from, ends_with: "@example.com"}' }),
    // biome-ignore lint/suspicious/noThenProperty: it is what operators write, and no promise.
    then: actions,
  })
  .meta({ instead: insteadInRule })
  .describe('A rule.');

/** Most rules: a mail goes through all of them. */
const MAX_RULES = 1_000;

export const rules = z
  .array(rule)
  .max(MAX_RULES)
  .prefault([])
  .meta({ example: 'rules: [{name: jira, when: {…}, then: {…}}]' })
  .describe('Rules of your own, which are tried on every mail in this order, after its header fields.');
