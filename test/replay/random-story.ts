import type { Act } from '../../src/desk/act.ts';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { type CaseSettings, type LabelChange, setCase } from '../../src/desk/set-case.ts';
import type { Chance } from '../faults/random.ts';
import type { Told } from '../record/story.ts';

/* What may happen to a mailbox whose mail is replayed: mail, acts of people, and other rules. Few values, so that they meet. */

/** What headers say, without their prefix. */
const SAYS: readonly [name: string, values: readonly string[]][] = [
  ['case-external-id', ['E1', 'E2', 'E3']],
  ['case-status', ['new', 'open', 'pending', 'resolved', 'closed']],
  ['case-priority', ['1', '2', '3']],
  ['case-labels', ['a', 'b', 'a, b', 'c']],
  ['case-language', ['sv', 'en']],
  ['case-subject', ['Desk lamp', 'Desk chair']],
  ['case-custom-tags', ['x', 'y', 'x, y']],
  ['case-custom-tier', ['gold', 'silver']],
  ['customer-email', ['Joe Customer <joe@j.example>', 'ann@asker.example', 'new@n.example']],
  ['customer-external-id', ['C1', 'C2']],
  ['customer-company', ['Lamps Ltd', 'Chairs Ltd']],
  ['customer-phone', ['1', '2']],
  ['customer-custom-tags', ['x', 'y', 'x, y']],
  ['interaction-direction', ['in', 'out']],
  ['interaction-city', ['Lund', 'Malmö']],
];

/** What rules do. */
const DOES: readonly object[] = [
  { set: { 'case.priority': '9' } },
  { add: { 'case.labels': ['r'], 'case.custom_fields.tags': ['z'] } },
  { remove: { 'case.labels': ['a'], 'case.custom_fields.tags': ['x'] } },
  { clear: ['case.language', 'case.custom_fields.tier'] },
  { set: { 'case.labels': ['b', 'q'] } },
  { set: { 'case.status': 'resolved' } },
  { set: { 'interaction.kind': 'auto_reply' } },
  { set: { 'interaction.direction': 'out' } },
  { set: { 'case.external_id': 'E2' } },
  { clear: ['customer.company'], set: { 'customer.phone': '7' } },
  { add: { 'customer.custom_fields.tags': ['z'] }, remove: { 'customer.custom_fields.tags': ['x'] } },
  { set: { 'customer.external_id': 'C2' } },
  { set: { 'customer.email': 'rule@r.example' } },
  { clear: ['interaction.city'] },
];

const PEOPLE = ['Ann <ann@asker.example>', 'bob@b.example', 'joe@j.example', 'undisclosed'];
const SUBJECTS = ['Lamp', 'Chair'];
/** Mail comes within so many minutes, so that some of it is older than what was recorded before. */
export const MINUTES = 8;
/** The prefix under which headers counted when the mail came, and the other one. */
const PREFIXES = ['x-desk-', 'x-shop-'] as const;

export function randomMails(chance: Chance): Told[] {
  return Array.from({ length: chance.between(4, 9) }, (_, index) => {
    const someone = chance.pick(PEOPLE);
    const mail: Told = chance.happens(0.3) ? { From: 'support@example.com', To: someone } : { From: someone };
    Object.assign(mail, {
      '@minute': String(chance.between(1, MINUTES)),
      '@trusted': chance.happens(0.7) ? 'yes' : 'no',
      'Message-ID': `<m${index}@x>`,
      Subject: chance.pick(SUBJECTS),
    });
    if (index > 0 && chance.happens(0.4)) mail['In-Reply-To'] = `<m${chance.between(0, index - 1)}@x>`;
    for (const prefix of PREFIXES) {
      for (const [name, values] of SAYS) if (chance.happens(0.15)) mail[prefix + name] = chance.pick(values);
    }
    return mail;
  });
}

/** What there is to act on. */
export interface Scope {
  readonly cases: readonly number[];
  readonly customers: readonly number[];
  readonly interactions: readonly number[];
}

/** Something that a person does, which may be refused. */
export function randomAct(chance: Chance, { cases, customers, interactions }: Scope) {
  const does: (() => (act: Act) => Promise<unknown>)[] = [
    ...[setting, setting, setting],
    () => {
      const [id, into] = [chance.pick(interactions), chance.pick(cases)];
      return (act) => moveInteraction(act, id, into, () => false);
    },
    () => {
      const [into, from] = [chance.pick(cases), chance.pick(cases)];
      return (act) => mergeCases(act, into, from);
    },
    () => {
      const [into, from] = [chance.pick(customers), chance.pick(customers)];
      return (act) => mergeCustomers(act, { id: into }, { id: from });
    },
  ];
  return chance.pick(does)();

  function setting() {
    const id = chance.pick(cases);
    const settings = randomSettings(chance, customers);
    return (act: Act) => setCase(act, { id }, settings);
  }
}

function randomSettings(chance: Chance, customers: readonly number[]): CaseSettings {
  const labels: LabelChange[] = [
    { how: 'replace', labels: ['m'] },
    { how: 'remove', labels: ['a'] },
    { how: 'add', labels: ['m'] },
  ];
  const maybe = <T extends object>(probability: number, settings: T) =>
    chance.happens(probability) ? settings : {};
  return {
    ...maybe(0.4, { priority: chance.pick([null, 4, 5]) }),
    ...maybe(0.3, { language: chance.pick([null, 'de']) }),
    ...maybe(0.3, { subject: chance.pick([null, 'Mine']) }),
    ...maybe(0.2, { status: chance.pick(['open', 'resolved', 'closed'] as const) }),
    ...maybe(0.1, { external_id: chance.pick([null, 'E1', 'P']) }),
    ...maybe(0.15, { customer: chance.pick([null, { id: chance.pick(customers) }]) }),
    labels: chance.happens(0.3) ? [chance.pick(labels)] : [],
    custom_fields: new Map(
      chance.happens(0.3) ? [[chance.pick(['tags', 'tier']), chance.pick([null, 'p'])]] : [],
    ),
  };
}

/** Another prefix, mostly, and rules that were not there when the mail came. */
export function randomConfig(chance: Chance): Record<string, unknown> {
  const rules = DOES.filter(() => chance.happens(0.15)).map((then, index) => ({
    name: `rule ${index + 1}`,
    ...(chance.happens(0.5) && { when: { part: 'subject', equals: chance.pick(SUBJECTS) } }),
    then,
  }));
  return { headers: { prefix: chance.pick([...PREFIXES, 'x-shop-']) }, rules };
}
