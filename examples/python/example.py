"""Compares, renders and builds with the pure part of approval-bridge, and does no I/O of its own but stdin and stdout.

    pip install -r requirements.txt
    python example.py ../../target/components/approval_logic.wasm < tickets.jsonl

Each line that comes in is a ticket with one approval, in the bridge's JSON. Each line that goes out says what has
changed, what is to be done about it, how the card reads at each door, and which requests would tell the approver.
"""

import json
import sys

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant


class Logic:
    """The component: `logic("cards", "write", card, "plain")` calls a function of an interface."""

    def __init__(self, file):
        engine = Engine()
        self.store = Store(engine)
        self.instance = Linker(engine).instantiate(self.store, Component.from_file(engine, file))

    def __call__(self, interface, function, *arguments):
        index = self.instance.get_export_index(self.store, f"approvals:bridge/{interface}@0.1.0")
        index = self.instance.get_export_index(self.store, function, index)
        function = self.instance.get_func(self.store, index)
        answer = function(self.store, *arguments)
        function.post_return(self.store)
        return answer


def record(names, values):
    """A record with these fields; WIT joins words with `-`, the bridge's JSON with `_`."""
    made = Record()
    for name in names.split():
        setattr(made, name, values.get(name.replace("-", "_")))
    return made


def person(values):
    return values and record("name email", values)


def approval_of(values):
    ticket, status = dict(values["ticket"]), values["status"]
    ticket["requester"] = person(ticket.get("requester"))
    people = {name: person(values.get(name)) for name in ("approver", "original_approver", "decided_by")}
    status = Variant("unknown", status["unknown"]) if isinstance(status, dict) else Variant(status.replace("_", "-"))
    details = [record("label value", detail) for detail in values.get("details", [])]
    ticket = record("kind id number title description requester priority link", ticket)
    return record(
        "id ticket level approver original-approver status sent-at decided-at decided-by comment details",
        {**values, **people, "ticket": ticket, "status": status, "details": details},
    )


def request_of(request):
    body = request.body.decode()
    return {"method": request.method, "url": request.url, "headers": request.headers, "body": body}


def answer(logic, asked):
    approval, event = approval_of(asked["approval"]), asked["event"]
    before = approval_of({**asked["approval"], "status": "pending"})
    entry = {"approval": before, "round": 1, "said": Variant("announced"), "first_seen": 0, "announced_at": 0}
    names = "approval round said first-seen announced-at reminders"
    ledger = [record(names, {**entry, "reminders": 0})] if asked["known"] else []
    read = {**asked, "kind": approval.ticket.kind, "approvals": [approval], "complete": True}
    snapshot = record("source kind ticket approvals complete", read)
    rules = {"baseline": False, "max_age_ms": 0, "silent_approvers": []}
    changes = logic("diffing", "diff", ledger, [snapshot])
    rules = record("baseline max-age-ms silent-approvers", rules)
    plans = logic("diffing", "plan", ledger, changes, rules, asked["now"])

    kind = Variant(event, asked["number"] if event == "reminder" else None)
    card = logic("cards", "render", approval, kind, record("title fields", asked)).payload
    dialects = ["moveworks", "markdown", "plain", "html"]
    moveworks = record("base-url api-key", {"base_url": "https://api.moveworks.ai", "api_key": "key"})
    message = {**asked, "event_id": f"{approval.id}:1", "approval": approval, "card": card}
    message = record("event-id event approval card recipient action-token", message)
    return {
        "changes": [[change.tag, change.payload.id, change.payload.status.tag] for change in changes],
        "plans": [[plan.id, plan.action.tag, plan.round] for plan in plans],
        "card": {dialect: logic("cards", "write", card, dialect) for dialect in dialects},
        "event": request_of(logic("payloads", "event-message", moveworks, "ev-1", message)),
        "listener": request_of(logic("payloads", "listener-message", moveworks, "li-1", "secret", message)),
    }


if __name__ == "__main__":
    logic = Logic(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(answer(logic, json.loads(line))))
