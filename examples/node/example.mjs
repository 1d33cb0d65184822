// Compares, renders and builds with the pure part of approval-bridge, and does no I/O of its own but stdin and stdout.
//
//   npm ci
//   npm run build -- ../../target/components/approval_logic.wasm
//   node example.mjs < tickets.jsonl
//
// Each line that comes in is a ticket with one approval, in the bridge's JSON. Each line that goes out says what has
// changed, what is to be done about it, how the card reads at each door, and which requests would tell the approver.

import { createInterface } from 'node:readline';
import { cards, diffing, payloads } from './logic/logic.js';

const MOVEWORKS = { baseUrl: 'https://api.moveworks.ai', apiKey: 'key' };
const RULES = { baseline: false, maxAgeMs: 0n, silentApprovers: [] };

// WIT's s64 is a BigInt here, and its variants have a tag.
const time = (ms) => (ms === undefined ? undefined : BigInt(ms));
const status = (name) => (name.unknown ? { tag: 'unknown', val: name.unknown } : { tag: name.replaceAll('_', '-') });

const approvalOf = ({ original_approver, sent_at, decided_at, decided_by, ...same }) => ({
  ...same,
  originalApprover: original_approver,
  status: status(same.status),
  sentAt: time(sent_at),
  decidedAt: time(decided_at),
  decidedBy: decided_by,
  details: same.details ?? [],
});

const requestOf = ({ body, ...same }) => ({ ...same, body: new TextDecoder().decode(body) });

function answer({ source, ticket, known, now, event, number, title, fields, recipient, ...asked }) {
  const approval = approvalOf(asked.approval);
  const before = { ...approval, status: { tag: 'pending' } };
  const entry = { approval: before, round: 1, said: { tag: 'announced' }, firstSeen: 0n, announcedAt: 0n, reminders: 0 };
  const ledger = known ? [entry] : [];
  const snapshot = { source, kind: approval.ticket.kind, ticket, approvals: [approval], complete: true };
  const changes = diffing.diff(ledger, [snapshot]);
  const plans = diffing.plan(ledger, changes, RULES, BigInt(now));

  const kind = event === 'reminder' ? { tag: event, val: number } : { tag: event };
  const card = cards.render(approval, kind, { title, fields });
  const dialects = ['moveworks', 'markdown', 'plain', 'html'];
  const message = { eventId: `${approval.id}:1`, event, approval, card, recipient };
  return {
    changes: changes.map(({ tag, val }) => [tag, val.id, val.status.tag]),
    plans: plans.map(({ id, action, round }) => [id, action.tag, round]),
    card: Object.fromEntries(dialects.map((dialect) => [dialect, cards.write(card, dialect)])),
    event: requestOf(payloads.eventMessage(MOVEWORKS, 'ev-1', message)),
    listener: requestOf(payloads.listenerMessage(MOVEWORKS, 'li-1', 'secret', message)),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answer(JSON.parse(line))));
}
