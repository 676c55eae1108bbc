import { isAutomatic } from '../message/kind.ts';
import type { Status } from '../rules/directives.ts';
import { withField } from './decide-customer.ts';
import type { NewInteraction, Plan } from './plan.ts';
import type { SupportCase } from './view.ts';

/** Applies what a message means for its case: what its headers say, else the lifecycle. Every change is an event. */
export function changeCase(plan: Plan, interaction: NewInteraction, isNew: boolean): void {
  const { supportCase, incoming } = interaction;
  const { directives } = incoming;
  const change = (field: string, old: string | null, value: string) => {
    plan.cases.add(supportCase);
    plan.events.push({ supportCase, at: incoming.receivedAt, field, old, new: value, interaction });
  };

  const status = nextStatus(interaction, isNew);
  if (isNew || status !== supportCase.status) {
    change('status', isNew ? null : supportCase.status, status);
    setStatus(supportCase, status, incoming.receivedAt);
  }
  const { priority, language, subject, labels, custom_fields } = directives.case;
  if (priority !== undefined && priority !== supportCase.priority) {
    change('priority', supportCase.priority === null ? null : String(supportCase.priority), String(priority));
    supportCase.priority = priority;
  }
  if (language !== undefined && language !== supportCase.language) {
    change('language', supportCase.language, language);
    supportCase.language = language;
  }
  if (subject !== undefined && subject !== supportCase.subject) {
    change('subject', supportCase.subject, subject);
    supportCase.subject = subject;
  }
  const added = labels.filter((label) => !supportCase.labels.includes(label));
  if (added.length > 0) {
    const all = [...supportCase.labels, ...added];
    change('labels', supportCase.labels.join(', ') || null, all.join(', '));
    supportCase.labels = all;
  }
  for (const [key, value] of custom_fields) {
    const old = Object.hasOwn(supportCase.custom_fields, key)
      ? (supportCase.custom_fields[key] ?? null)
      : null;
    if (old === value) continue;
    change(`custom_fields.${key}`, old, value);
    supportCase.custom_fields = withField(supportCase.custom_fields, key, value);
  }
}

/**
 * The lifecycle: an outbound mail in a new case makes it pending, an inbound one reopens a pending or resolved case.
 * What wrote itself changes nothing, and begins a case only as a closed one; a list reopens nothing.
 */
function nextStatus({ supportCase, incoming }: NewInteraction, isNew: boolean): Status {
  const { directives, direction, message } = incoming;
  const asked = directives.case.status;
  if (asked !== undefined && (asked !== 'new' || supportCase.status === 'new')) return asked;
  if (asked === 'new') refuseNew(incoming.directives);
  if (isAutomatic(message.kind)) return isNew ? 'closed' : supportCase.status;
  if (direction === 'out') return supportCase.status === 'new' ? 'pending' : supportCase.status;
  const reopens = supportCase.status === 'pending' || supportCase.status === 'resolved';
  return reopens && message.kind !== 'list' ? 'open' : supportCase.status;
}

function refuseNew(directives: NewInteraction['incoming']['directives']): void {
  const index = directives.applied.findIndex(({ field }) => field === 'case.status');
  const [header] = index < 0 ? [] : directives.applied.splice(index, 1);
  const reason = 'a case never becomes new again';
  directives.refused.push({ by: header?.by ?? 'case.status', value: 'new', reason });
}

function setStatus(supportCase: SupportCase, status: Status, at: Date): void {
  supportCase.status = status;
  if (status === 'open') supportCase.opened_at = at;
  if (status === 'resolved') {
    supportCase.first_resolved_at ??= at;
    supportCase.resolved_at = at;
  }
  if (status === 'closed') supportCase.closed_at = at;
}
