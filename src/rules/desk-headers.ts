import type { HeaderEntry } from './header-entry.ts';

/**
 * Desk's header fields behind the prefix, and what each sets (contract.md, "Header fields"), with those beyond its list
 * in the same style. A `*` stands for the key of a custom field.
 */
export const DESK_HEADERS: readonly HeaderEntry[] = [
  { header: 'customer-email', sets: 'customer.email' },
  { header: 'customer-external-id', sets: 'customer.external_id' },
  { header: 'customer-company', sets: 'customer.company' },
  { header: 'customer-phone', sets: 'customer.phone' },
  { header: 'customer-custom-*', sets: 'customer.custom_fields.*' },
  { header: 'case-external-id', sets: 'case.external_id' },
  { header: 'case-status', sets: 'case.status' },
  { header: 'case-labels', sets: 'case.labels' },
  { header: 'case-language', sets: 'case.language' },
  { header: 'case-priority', sets: 'case.priority' },
  { header: 'case-subject', sets: 'case.subject' },
  { header: 'case-custom-*', sets: 'case.custom_fields.*' },
  { header: 'interaction-direction', sets: 'interaction.direction' },
  { header: 'interaction-ip-address', sets: 'interaction.ip_address' },
  { header: 'interaction-lat', sets: 'interaction.latitude' },
  { header: 'interaction-lng', sets: 'interaction.longitude' },
  { header: 'interaction-city', sets: 'interaction.city' },
  { header: 'interaction-region', sets: 'interaction.region' },
  { header: 'interaction-country-code', sets: 'interaction.country_code' },
  { header: 'interaction-user-agent', sets: 'interaction.user_agent' },
];
