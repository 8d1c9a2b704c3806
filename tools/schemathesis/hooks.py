"""What schemathesis does beside its own rules, so that requests meet what exists.

FLASHBID_SEEDS    a JSON file: {"fields": {name: [values]}, "bodies": {operation id: [fields to set]}}
FLASHBID_TALLY    where to count the answers, as JSON: {"METHOD /path": {status: how many}}
"""

import atexit
import collections
import itertools
import json
import os

import schemathesis

with open(os.environ["FLASHBID_SEEDS"], encoding="utf-8") as file:
    SEEDS = json.load(file)

turns = collections.defaultdict(itertools.count)
tally = collections.defaultdict(collections.Counter)


def is_well_formed(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def next_of(values, *turn):
    """One of the values in turn, or nothing in every fourth turn: what does not exist is asked for, too."""
    number = next(turns[turn])
    return None if number % 4 == 3 else values[(number - number // 4) % len(values)]


def with_seeds(fields, operation):
    """The fields, with those that name something replaced by what exists."""
    known = {name: next_of(SEEDS["fields"][name], operation, name) for name in fields if name in SEEDS["fields"]}
    return {**fields, **{name: value for name, value in known.items() if value is not None}}


def in_ten_thousandths(value):
    """Multiples of 0.0001 as they are meant: 0.0003, not 0.00030000000000000003."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: in_ten_thousandths(field) for name, field in value.items()}
    if isinstance(value, list):
        return [in_ten_thousandths(item) for item in value]
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_well_formed(case):
        return
    label = case.operation.label
    if case.meta.phase.name.value != "stateful":
        if case.path_parameters:
            case.path_parameters = with_seeds(case.path_parameters, label)
        if isinstance(case.body, dict):
            case.body = with_seeds(case.body, label)
    if isinstance(case.body, dict):
        bodies = SEEDS["bodies"].get(case.operation.definition.raw.get("operationId"))
        if bodies:
            case.body = {**case.body, **(next_of(bodies, label) or {})}
        case.body = in_ten_thousandths(case.body)


@schemathesis.hook
def after_call(context, case, response):
    tally[case.operation.label][response.status_code] += 1


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Passes a well-formed request that is refused, unless it is called malformed: the document can tell no price that
    is too low, and no product that is unknown."""
    if failure.code != "ST202" or response.status_code >= 500:
        return True
    try:
        return json.loads(response.content)["code"] == "MALFORMED"
    except (ValueError, KeyError, TypeError):
        return True


@atexit.register
def write_tally():
    with open(os.environ["FLASHBID_TALLY"], "w", encoding="utf-8") as file:
        json.dump(tally, file, indent=1)
