import type { Kind } from '../message/kind.ts';
import type { Applied, Direction, Status } from '../rules/directives.ts';
import { addTo } from './rows.ts';

/** Rows as far as decisions need them, loaded or about to be stored. Column names are kept, so that a row is a row. */
export interface Customer {
  /** Undefined until it is stored. */
  id: number | undefined;
  first_name: string | null;
  last_name: string | null;
  company: string | null;
  phone: string | null;
  external_id: string | null;
  language: string | null;
  custom_fields: Record<string, string>;
}

export interface SupportCase {
  id: number | undefined;
  customer: Customer | undefined;
  external_id: string | null;
  subject: string | null;
  status: Status;
  priority: number | null;
  language: string | null;
  labels: string[];
  custom_fields: Record<string, string>;
  /** Of a case that is about to be stored; of one that is, see follow_up_of. */
  followUpOf: SupportCase | undefined;
  readonly follow_up_of?: number | null;
  received_at: Date;
  opened_at: Date | null;
  first_resolved_at: Date | null;
  resolved_at: Date | null;
  closed_at: Date | null;
}

/** An interaction that a reply can be threaded to. A trusted copy of it may change whose it is. */
export interface KnownInteraction {
  supportCase: SupportCase;
  customer: Customer | undefined;
  direction: Direction;
  kind: Kind;
  /** Whether a program wrote it and says so (Auto-Submitted), though it is ordinary mail: an acknowledgement, say. */
  readonly isGenerated: boolean;
  readonly receivedAt: Date;
}

/** An interaction's id where it is stored already, else the one about to be stored. */
export interface InteractionRef {
  id: number | undefined;
}

/** The interaction of which a message is another copy. */
export interface Original {
  readonly ref: InteractionRef;
  /** What a trusted copy may still change; undefined where the interaction is trusted itself, or a copy has done so. */
  changeable: Changeable | undefined;
}

export interface Changeable {
  readonly known: KnownInteraction;
  /** Whether its case began with it. */
  readonly isFirst: boolean;
  /** Whether a person has put it into its case. */
  readonly isPlaced: boolean;
  /** Whether it lies in its case only because there was too much mail of its customer. */
  readonly flooded: boolean;
  readonly outsider: boolean;
  /** What was applied of it: rules, for headers of untrusted mail are not. */
  readonly applied: readonly Applied[];
  /** Where it was read under another UIDVALIDITY, by the ids of the folders. */
  readonly readBefore: readonly number[];
}

/** When mail last came to a case and went out of it, by INTERNALDATE, what wrote itself left out. */
export interface Activity {
  lastIn: Date | undefined;
  lastOut: Date | undefined;
}

/**
 * All that a batch may touch, held in memory: what the database had, and on top of it what the batch's earlier
 * messages decided, so that a reply can follow its original in one batch.
 */
export class View {
  readonly originals = new Map<string, Original>();
  readonly interactionsByMessageId = new Map<string, KnownInteraction[]>();
  /** Interactions that refer to a Message-ID, by that Message-ID: a reply may be read before what it answers. */
  readonly referringTo = new Map<string, KnownInteraction[]>();
  readonly customersByExternalId = new Map<string, Customer>();
  readonly casesByExternalId = new Map<string, SupportCase>();
  readonly casesById = new Map<number, SupportCase>();
  /** Customers by their ids, and by those of customers that were merged into them. */
  readonly customersById = new Map<number, Customer>();
  /** Those that are stored, by their ids. */
  readonly knownInteractions = new Map<number, KnownInteraction>();
  /** The case of a customer that was the last to begin. */
  readonly latestCases = new Map<Customer, SupportCase>();
  private readonly byAddressKey = new Map<string, Customer>();
  private readonly keys = new Map<Customer, Set<string>>();
  private readonly activities = new Map<SupportCase, Activity>();
  private readonly mergedCustomers = new Map<SupportCase, Set<number>>();
  private readonly participants = new Map<SupportCase, Set<string>>();
  /** When the newest mail of a customer was received; asked for where old mail is imported. */
  readonly newestOfCustomer = new Map<Customer, Date>();
  private readonly sizes = new Map<SupportCase, number>();
  /** By how many interactions cases have grown since they were loaded; fewer than none where they have shrunk. */
  readonly growths = new Map<SupportCase, number>();
  private readonly inboundTimes = new Map<Customer, Date[]>();
  private readonly storedInbound = new Map<string, { before: number; after: number }>();

  addInteraction(messageId: string, known: KnownInteraction): void {
    addTo(this.interactionsByMessageId, messageId, known);
  }

  addReference(messageId: string, known: KnownInteraction): void {
    addTo(this.referringTo, messageId, known);
  }

  activityOf(supportCase: SupportCase): Activity {
    return entry(this.activities, supportCase, () => ({ lastIn: undefined, lastOut: undefined }));
  }

  noteActivity(supportCase: SupportCase, direction: Direction, at: Date): void {
    const activity = this.activityOf(supportCase);
    const side = direction === 'in' ? 'lastIn' : 'lastOut';
    activity[side] = later(activity[side], at);
  }

  /** Notes a customer of a case that people have merged into this one. */
  addCaseCustomer(supportCase: SupportCase, customerId: number): void {
    entry(this.mergedCustomers, supportCase, () => new Set<number>()).add(customerId);
  }

  /** Whether a case is a customer's own: he is its customer, or was that of a case that people have merged into it. */
  isCustomerOf(supportCase: SupportCase, customer: Customer | undefined): boolean {
    if (customer === supportCase.customer) return true;
    const id = customer?.id;
    return id !== undefined && this.mergedCustomers.get(supportCase)?.has(id) === true;
  }

  /** Whether somebody with one of these address keys has had a part in the case. */
  isParticipant(supportCase: SupportCase, keys: Iterable<string>): boolean {
    const known = this.participants.get(supportCase);
    return known !== undefined && [...keys].some((key) => known.has(key));
  }

  /** @returns those of the keys that are new to the case */
  addParticipants(supportCase: SupportCase, keys: Iterable<string>): string[] {
    const known = entry(this.participants, supportCase, () => new Set<string>());
    const added = [...new Set(keys)].filter((key) => !known.has(key));
    for (const key of added) known.add(key);
    return added;
  }

  addAddress(key: string, customer: Customer): void {
    this.byAddressKey.set(key, customer);
    entry(this.keys, customer, () => new Set<string>()).add(key);
  }

  customerAt(key: string): Customer | undefined {
    return this.byAddressKey.get(key);
  }

  addressKeys(): Iterable<string> {
    return this.byAddressKey.keys();
  }

  /** All keys under which a customer is known here. */
  keysOf(customer: Customer): Iterable<string> {
    return this.keys.get(customer) ?? [];
  }

  /** Notes an inbound mail that was not trusted, and so may be one of a flood. */
  noteInbound(customer: Customer, at: Date): void {
    addTo(this.inboundTimes, customer, at);
  }

  /**
   * How many such mails of a customer came within a window (in milliseconds) before a moment, or after it: mail is not
   * always read in the order of its time.
   */
  countInbound(customer: Customer, at: Date, window: number): number {
    const distances = (this.inboundTimes.get(customer) ?? []).map((time) => time.getTime() - at.getTime());
    const stored = this.storedInbound.get(inboundKey(customer.id, at)) ?? { before: 0, after: 0 };
    const before = distances.filter((distance) => distance <= 0 && distance > -window).length + stored.before;
    const after = distances.filter((distance) => distance >= 0 && distance < window).length + stored.after;
    return Math.max(before, after);
  }

  /** Takes one back: a copy has shown it to be trusted. */
  forgetInbound(customer: Customer, at: Date): void {
    const times = this.inboundTimes.get(customer) ?? [];
    const index = times.findIndex((time) => time.getTime() === at.getTime());
    if (index >= 0) times.splice(index, 1);
  }

  /** Notes how many interactions a case has in the database, where that may be asked. */
  noteSize(supportCase: SupportCase, size: number): void {
    this.sizes.set(supportCase, size);
  }

  /** One interaction more, or less. @returns how many there are now; undefined where it is not known */
  resize(supportCase: SupportCase, by: number): number | undefined {
    const growth = (this.growths.get(supportCase) ?? 0) + by;
    this.growths.set(supportCase, growth);
    const size = this.sizes.get(supportCase);
    return size === undefined ? undefined : size + growth;
  }

  /** Notes how many of them the database has. */
  noteStoredInbound(customerId: number, at: Date, count: { before: number; after: number }): void {
    this.storedInbound.set(inboundKey(customerId, at), count);
  }
}

function inboundKey(customerId: number | undefined, at: Date): string {
  return `${customerId} ${at.getTime()}`;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function later(a: Date | undefined, b: Date | undefined): Date | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
