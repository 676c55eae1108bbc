import type { SupportCase } from '../../src/history/case-rows.ts';
import type { Customer } from '../../src/history/customer.ts';
import type { Interaction } from '../../src/history/interactions.ts';

/* Rows as they are read, for tests that print them or reason about them. */

export const AT = new Date('2026-11-09T08:15:59Z');

export function aCustomer(given: Partial<Customer> = {}): Customer {
  return {
    id: 7,
    first_name: 'Joe',
    last_name: 'Customer',
    company: null,
    phone: null,
    external_id: null,
    language: null,
    custom_fields: {},
    created_at: AT,
    addresses: ['joe@example.com'],
    merged_from: [],
    ...given,
  };
}

export function aCase(given: Partial<SupportCase> = {}): SupportCase {
  return {
    id: 3,
    customer_id: 7,
    external_id: null,
    subject: 'Where is my lamp?',
    status: 'open',
    priority: null,
    language: null,
    labels: [],
    custom_fields: {},
    follow_up_of: null,
    merged_into: null,
    received_at: AT,
    opened_at: null,
    first_resolved_at: null,
    resolved_at: null,
    closed_at: null,
    created_at: AT,
    updated_at: AT,
    followed_by: [],
    merged_from: [],
    ...given,
  };
}

export function anInteraction(given: Partial<Interaction> = {}): Interaction {
  return {
    id: 1,
    case_id: 3,
    customer_id: 7,
    direction: 'in',
    kind: 'mail',
    outsider: false,
    received_at: AT,
    sent_at: null,
    subject: 'Where is my lamp?',
    from_name: null,
    from_address: 'joe@example.com',
    to_addresses: ['support@example.com'],
    recipients: 1,
    city: null,
    country_code: null,
    ip_address: null,
    trusted: false,
    sender_auth: 'none',
    cut: [],
    excerpt: 'I ordered it a week ago.',
    attachments: [],
    ...given,
  };
}
